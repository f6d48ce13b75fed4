# Two commands carry a stranger: `make run` serves a trial site, `make test` proves the code. Each installs what it needs.
.PHONY: run test bench lock clean

run:          ## a served site with sample content at http://127.0.0.1:8000 (PORT=8001 make run changes the port)
	@scripts/run

test:         ## everything: lint, migrations, import direction, SQLite, PostgreSQL, browser journeys
	@scripts/test

bench:        ## search quality and page cost, each beside a plain baseline measured in the same run
	@scripts/bench

lock:         ## write the exact versions again after a change in pyproject.toml
	@scripts/lock

clean:        ## remove what can be made again; var/ with data and keys stays
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache
