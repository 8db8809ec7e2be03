#!/usr/bin/env bash
# The gate of testdata/ci: what a CI system sees of QEMU 7.2's bugs, before and after they are known.
. testdata/bin/cases.sh

needs x86_64 bmi
if [[ $(qemu-x86_64 --version 2>/dev/null) != *"version 7.2."* ]]; then
	skip "there is no qemu-x86_64 7.2, whose bugs are known"
fi
make_scratch
: "${scratch:?}"
gate=$PWD/testdata/ci/gate.sh
workflow=$PWD/testdata/ci/github-actions.yml
guest=$(realpath "$BUILD")/guests/bmi
VALIDATE=$(realpath "$VALIDATE")
export VALIDATE BASELINE=known.json OUT=out
unset GITHUB_ACTIONS
cd "$scratch" || exit 1

# All that is wrong occurs within so many instructions.
run_gate() { # OPTION...
	output=$(timeout -s KILL "$HANG_SECONDS" "$gate" --emulator qemu-x86_64 --cpu max --max-instructions 8700 "$@" -- bmi.json 2>said)
	status=$?
}

# What other people's parsers say of the files.
structure() {
	timeout 60 python3 - out <<'EOF'
import json, sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1] + "/bmi.xml").getroot().find("testsuite")
cases = suite.findall("testcase")
for name in "failures", "errors", "skipped":
    found = sum(1 for case in cases if case.find({"failures": "failure", "errors": "error"}.get(name, name)) is not None)
    assert int(suite.get(name)) == found, name
assert int(suite.get("tests")) == len(cases)
assert all(case.get("classname") and case.get("name") for case in cases)
assert len({case.get("name") for case in cases}) == len(cases)
sarif = json.load(open(sys.argv[1] + "/bmi.sarif"))
assert sarif["version"] == "2.1.0" and "sarif" in sarif["$schema"] and "2.1.0" in sarif["$schema"]
(run,) = sarif["runs"]
driver = run["tool"]["driver"]
assert driver["name"] == "validate"
rules = [rule["id"] for rule in driver["rules"]]
assert len(set(rules)) == len(rules)
keys = set()
for result in run["results"]:
    assert rules[result["ruleIndex"]] == result["ruleId"] and result["message"]["text"]
    assert result["level"] in ("none", "note", "warning", "error")
    assert result.get("baselineState", "new") in ("new", "unchanged", "absent")
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"].startswith("file:///")
    assert result.get("baselineState") == "absent" or physical["address"]["absoluteAddress"] > 0
    keys.add(result["partialFingerprints"]["validateFinding/v1"])
assert len(keys) == len(run["results"])
states = sorted(result.get("baselineState", "none") for result in run["results"])
print("failures", suite.get("failures"), "skipped", suite.get("skipped"), *states)
EOF
}

check_structure() { # NAME EXPECTED
	if command -v python3 >/dev/null; then
		same "$1" "$(structure 2>&1)" "$2"
	else
		untried "$1" "there is no python3"
	fi
}

"$VALIDATE" record -q -o bmi.json -- "$guest" >/dev/null
same "the guest is recorded" $? 0

# Nothing is known yet.
export GITHUB_ACTIONS=true
run_gate
unset GITHUB_ACTIONS
same "status with new findings" $status 1
matches "what to do about them" "$output" 'There are new findings.*baseline update --baseline known.json .* out/bmi.json$'
matches "coverage" "$output" 'total +[0-9]+ +[0-9]+ +0 +0 +8,700 +0 +0'
check_structure "files with new findings" "failures 5 skipped 0 none none none none none"
same "annotations" "$(grep -c '^::error title=[a-z0-9%A-F ]*::[^:]' <<<"$output")" 5

# They become known.
same "they become known" "$("$VALIDATE" baseline update --baseline known.json --note "an old bug" out/bmi.json)" \
	"known.json: 5 known findings added, 0 kept, 0 removed"
cp known.json before.json
same "once" "$("$VALIDATE" baseline update --baseline known.json out/bmi.json)" \
	"known.json: 0 known findings added, 5 kept, 0 removed"
same "and nothing else changes" "$(cmp known.json before.json 2>&1)" ""
run_gate
same "status with known findings" "$status $(<said)" "0 "
matches "the text" "$output" 'verdict +divergent: 5 findings, none new'
matches "the note" "$output" 'baseline +known: an old bug'
check_structure "files with known findings" "failures 0 skipped 5 unchanged unchanged unchanged unchanged unchanged"
matches "the page" "$(<out/bmi.html)" '<h1>nothing new</h1>'

# One that is not known, and one that is known but is not wrong.
grep -v '"adcx r32, r32"' before.json | sed 's/"form": "blsi r64, r64", "place": "eflags"/"form": "blsi r64, r64", "place": "memory"/
	s/"place": "memory", "cause": "cf"/"place": "memory", "cause": "value"/' >known.json
run_gate
same "status with new findings again" $status 1
matches "the text" "$output" 'baseline +2 new; 3 known, 1 stale, 0 not exercised'
check_structure "files with new and stale findings" "failures 2 skipped 3 absent new new unchanged unchanged unchanged"

# An entry that covers more than what is seen, and one that is stale.
sed 's/"cause": "of"/"cause": "af+of"/
	s/^    {"arch": "x86_64", "form": "blsi r32, r32".*/&\n    {"arch": "x86_64", "form": "blsi r32, r32", "place": "memory", "cause": "value", "note": "", "link": ""},/' \
	before.json >known.json
run_gate --strict
same "status with a stale entry, and a limit, --strict" $status 4
matches "the text" "$output" 'baseline +0 new; 5 known, 1 stale, 0 not exercised'
same "pruned" "$("$VALIDATE" baseline update --prune --baseline known.json out/bmi.json)" \
	"known.json: 0 known findings added, 5 kept, 1 removed"

# What cannot be used.
head -c 200 before.json >known.json
run_gate
same "status with a damaged baseline" $status 2
matches "what is said of it" "$(<said)" '^validate: known.json:[0-9]+: is no JSON: .*baseline update$'
matches "which log it was" "$output" 'Not judged at all or not to the end.*bmi: exit status 2'
same "and nothing of the runs before is left" "$(ls out)" ""
cp before.json known.json
run_gate
same "status with the baseline mended" $status 0
same "without logs" "$("$gate" --strict 2>&1) $?" "usage: gate.sh [OPTION...] -- LOG... 2"
same "without validate" "$(VALIDATE=/nonexistent/validate "$gate" -- bmi.json 2>&1) $?" \
	"gate.sh: no program /nonexistent/validate: set VALIDATE to the path of validate 2"
same "annotations of an unknown service" "$("$VALIDATE" --log bmi.json --annotate sms 2>&1) $?" \
	"validate: --annotate sms: only github is known 2"
same "two reports in one file" "$("$VALIDATE" --log bmi.json --junit x --html x 2>&1) $?" \
	"validate: --junit and --html both go to x: give each a file of its own 2"

# The workflow is well-formed, and calls the gate as the gate wants to be called.
if python3 -c 'import yaml' 2>/dev/null; then
	same "the workflow" "$(python3 -c '
import subprocess, sys, yaml
steps = yaml.safe_load(open(sys.argv[1]))["jobs"]["gate"]["steps"]
for step in steps:
    assert ("run" in step) != ("uses" in step), step
    if "run" in step:
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
print([step["name"] for step in steps if "gate.sh --emulator" in step.get("run", "")])' "$workflow" 2>&1)" \
		"['Judge every instruction']"
else
	untried "the workflow" "there is no PyYAML"
fi

# A browser renders the page and has nothing to say about it.
if command -v chromium >/dev/null; then
	timeout -s KILL "$HANG_SECONDS" chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr --user-data-dir="$scratch/profile" \
		--dump-dom "file://$scratch/out/bmi.html" >dom 2>log
	same "a browser renders the page" $? 0
	same "every finding" "$(grep -o '<article id=' dom | wc -l)" 5
	same "without a message" "$(grep -a CONSOLE log)" ""
else
	untried "a browser renders the page" "there is no chromium"
fi
finish
