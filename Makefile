# `make run` scans this machine. `make test` runs every test. Each does all of its own set-up in .venv.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check lock clean

run: $(VENV)/.run
	@$(VENV)/bin/scanner run; code=$$?; \
	if [ $$code -eq 3 ]; then \
		echo "Exit 3 means incomplete: something could not be read (listed above), so no claim is made about it."; \
	elif [ $$code -ne 0 ]; then exit $$code; fi

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest -n auto

# What the gate runs beside the tests.
check: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --strict .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "installing python3-venv, which this Python needs to make virtual environments"; \
		if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv; \
		else sudo -n apt-get update -qq && sudo -n apt-get install -y -qq python3-venv; fi; } \
		|| { echo "please install it as root: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements/run.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements/run.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# Programs that the tests talk to: git and ssh-keygen sign and read the history of records, systemd-analyze reads the units.
$(VENV)/.tools: Makefile | $(VENV)/bin/python
	@command -v git >/dev/null && command -v ssh-keygen >/dev/null && command -v systemd-analyze >/dev/null || { \
		echo "installing git, openssh-client and systemd, which the tests use"; \
		if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq git openssh-client systemd; \
		else sudo -n apt-get update -qq && sudo -n apt-get install -y -qq git openssh-client systemd; fi; } \
		|| { echo "please install them as root: apt-get install git openssh-client systemd"; exit 1; }
	@touch $@

$(VENV)/.test: $(VENV)/.tools requirements/test.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements/test.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

# Pin what pyproject.toml bounds, with hashes, and tell which of the pins each extra comes to: once they are installed, since
# the packages themselves say so.
lock: $(VENV)/bin/python
	$(PIP) install uv
	for set in run test; do \
		if [ $$set = run ]; then extra=; else extra="--extra test"; fi; \
		$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
			--no-header $$extra pyproject.toml requirements/build.in -o requirements/$$set.lock || exit; \
	done
	$(MAKE) $(VENV)/.test
	$(VENV)/bin/python deploy/container/pins.py --renew

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
