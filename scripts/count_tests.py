"""Usage: count_tests.py FOLDER. One closing line for all runs whose junit reports lie in the folder: 'N passed, N failed'."""

import sys
from pathlib import Path
from xml.etree import ElementTree

tests = failed = 0
for report in Path(sys.argv[1]).glob("*.xml"):
    for suite in ElementTree.parse(report).iter("testsuite"):
        tests += int(suite.get("tests"))
        failed += int(suite.get("failures")) + int(suite.get("errors"))
sys.stdout.write(f"{tests - failed} passed, {failed} failed\n")
