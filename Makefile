# Two commands carry a stranger: `make run` serves a trial site, `make test` proves the code. Each installs what it needs.
.PHONY: run test bench drill lighthouse lock clean

run:          ## a served site with sample content at http://127.0.0.1:8000 (PORT=8001 make run changes the port)
	@scripts/run

test:         ## everything: lint, migrations, import direction, SQLite, PostgreSQL, browser journeys
	@scripts/test

bench:        ## every speed as a ratio to its peers, measured side by side in one run
	@scripts/bench

drill:        ## every fault on the real processes: tried, survived, lost
	@scripts/drill

lighthouse:   ## Lighthouse on plate, guide, search and help pages (needs Node.js)
	@scripts/lighthouse

lock:         ## write the exact versions again after a change in pyproject.toml
	@scripts/lock

clean:        ## remove what can be made again; var/ with data and keys stays
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache
