# Two commands do everything: `make run` and `make test`. `make check` is lint and test.
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --prefer-binary
LOCK := scripts/lock
PORT ?= 8000
DATA ?= data

.PHONY: run test lint check figures bench drill lock browser clean

run: $(VENV)/.serve
	$(VENV)/bin/zuoxi demo --port $(PORT) --data $(DATA)

test: $(VENV)/.test browser
	$(PY) -m pytest

lint: $(VENV)/.test
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

check: lint test

$(VENV)/.serve: $(LOCK)/serve.txt pyproject.toml
	test -x $(PY) || python3 -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r $(LOCK)/serve.txt
	$(PIP) --no-deps -e .
	touch $@

# torch first and alone, so that nothing that needs it fetches another build.
$(VENV)/.test: $(VENV)/.serve $(LOCK)/test.txt $(LOCK)/torch.txt
	$(PIP) -r $(LOCK)/torch.txt
	$(PIP) --no-deps --require-hashes -r $(LOCK)/test.txt
	touch $@

browser:
	@sh scripts/deploy/browser.sh

# Every figure of the README and the model cards, printed anew; may read ../shared.
figures: $(VENV)/.test
	$(PY) -m scripts.figures

bench: $(VENV)/.serve
	$(VENV)/bin/zuoxi bench

# The long proofs: `make drill` lists them, `make drill NAME=history` runs one in full (ARGS="--seed 7" and the like).
drill: $(VENV)/.test
	$(PY) -m scripts.drill $(NAME) $(ARGS)

# The locks hold the serving set and the test set with hashes; torch is the one separate, exact pin.
lock:
	sh scripts/lock/compile.sh

clean:
	rm -rf $(VENV) data build *.egg-info
