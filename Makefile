# Everything a newcomer or an operator does. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export TF_CPP_MIN_LOG_LEVEL := 3
-include .env
export

.PHONY: help setup chat run demo train test lint format lock recognition bench load soak fuzz picture pictures clean conversations map scorecard

help:  ## list what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup:  ## Python 3.10, .venv, locked dependencies, key file, database
	@scripts/setup

train: setup  ## train the model if what it is made from has changed
	@$(PYTHON) -m bot.rasa.train

chat: train  ## set up everything and talk in the terminal
	@.venv/bin/ballast chat

run: train  ## everything: Rasa, the Telegram bot, the staff app; Ctrl-C ends it
	@BALLAST_RUN=$$(mktemp -d) exec $(PYTHON) -m supervisor.supervisord --nodaemon --silent --configuration deploy/supervisord.conf

demo: setup  ## the staff app over invented men, with a login in the terminal; Ctrl-C ends it
	@.venv/bin/ballast demo

test:  ## set up, train, run all tests
	@scripts/setup dev
	@$(PYTHON) -m bot.rasa.train
	@$(PYTHON) -m pytest

lint:  ## style, types, words
	@scripts/setup dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

format:  ## put the code into shape
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

recognition: train  ## compare five pipelines on phrases nobody trained on (half an hour)
	@$(PYTHON) scripts/compare_recognition.py

bench: train  ## what screening, sealing, exporting and a turn cost, the turn against stock Rasa (an hour and a half)
	@scripts/setup dev
	@$(PYTHON) scripts/bench_screening.py
	@$(PYTHON) scripts/bench_storage.py
	@$(PYTHON) scripts/bench_export.py
	@$(PYTHON) scripts/bench_webhook.py
	@$(PYTHON) -m scripts.speed.cost
	@$(PYTHON) scripts/bench_turns.py
	@$(PYTHON) scripts/bench_crisis.py

load: setup  ## the staff app over 100,000 flags and a million messages, on SQLite and PostgreSQL (ten minutes)
	@scripts/setup dev
	@$(PYTHON) scripts/bench_staff.py

soak: train  ## a million seals, messages restored and odd updates, and a thousand kills (an hour and a half)
	@scripts/setup dev
	@$(PYTHON) scripts/soak.py
	@$(PYTHON) scripts/soak_men.py
	@ODD_READ=1000000 ODD_THROUGH=10000 $(PYTHON) -m pytest tests/telegram/test_telegram_odd.py
	@KILLS=1000 $(PYTHON) -m pytest tests/test_kills.py -k every_place

fuzz: setup  ## five minutes of odd messages against the screening
	@scripts/setup dev
	@$(PYTHON) scripts/fuzz_screening.py -max_total_time=300

conversations: train  ## print the scripted conversations as a man would read them
	@$(PYTHON) scripts/print_conversations.py

map: setup  ## draw docs/conversation_map.md anew: every sentence, for review
	@$(PYTHON) scripts/conversation_map.py

scorecard: train  ## measure on our own test sets and write docs/scorecard.md
	@.venv/bin/ballast scorecard

picture: train  ## draw the conversation of the README anew
	@$(PYTHON) scripts/picture.py

pictures: setup  ## draw the staff app anew for docs/pictures, over invented men
	@scripts/setup dev
	@$(PYTHON) scripts/staff_pictures.py

lock:  ## resolve the dependencies anew
	@scripts/lock

clean:  ## remove what can be made again; keys and data are elsewhere and stay
	@rm -rf .venv models .rasa .mypy_cache .ruff_cache .pytest_cache *.egg-info
