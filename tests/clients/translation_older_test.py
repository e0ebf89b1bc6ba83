"""The same as translation_test.py, with the SDKs of the major before: what they insist on in a stream is not what the newest do."""
import anthropic
import openai
from google import genai

import stack
from translation_test import *  # noqa: F403  the cases, for unittest to find

if __name__ == "__main__":
    stack.main("All three Python SDKs of the major before at pools of other dialects", f"{openai.__version__}, {anthropic.__version__}, {genai.__version__}")
