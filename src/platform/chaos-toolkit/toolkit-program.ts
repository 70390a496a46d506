/**
 * A Python program that runs one activity with a Python provider, or judges one tolerance, by the
 * installed Chaos Toolkit. Standard input: `{"activity": …, "configuration": …, "secrets": …}` or
 * `{"tolerance": …, "value": …}`.
 */
export const toolkitProgram = `
import json
import sys

from chaoslib import PayloadEncoder
from chaoslib.activity import run_activity
from chaoslib.hypothesis import within_tolerance

asked = json.load(sys.stdin)
configuration, secrets = asked.get("configuration", {}), asked.get("secrets", {})
sys.stdout, answer = sys.stderr, sys.stdout
if "activity" in asked:
    output = run_activity(asked["activity"], configuration, secrets)
else:
    output = within_tolerance(asked["tolerance"], asked["value"], configuration, secrets)
json.dump({"output": output}, answer, cls=PayloadEncoder)
`
