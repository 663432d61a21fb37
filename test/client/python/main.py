"""Every check, against the gateway that standard input names."""

import sys

import anthropic_checks  # noqa: F401
import langchain_checks  # noqa: F401
import openai_checks  # noqa: F401
from harness import run

sys.exit(run())
