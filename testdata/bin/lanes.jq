# How the report of a run that was seen in QEMU's log ($log) differs from that of the same run seen through its stub
# ($stub): an array of texts, empty where they tell the same. Every difference that may be has a rule here, with its
# reason. $lingers: of a QEMU whose stub stops once more at a repeated instruction of which nothing is left to do (10.0 on).

# The log shows what the stub does not show: upper halves of YMM registers, tags of the x87.
def only_in_log: test("^(ftag|ymm[0-9]+h)$");

def total: .fully + .partly + .not;
def by_form: [.coverage[] | {key: (.form + " " + .encoding), value: .}] | from_entries;
def form($f): .[$f] // {fully: 0, partly: 0, not: 0};
def repeats: startswith("rep");

def what: [.form, .location, .place, .cause, .severity, .width, .expected, .observed, .mask, .bound, .event, .count];
# So the numbers of instructions behind such a step are others.
def found($numbers): [.findings[] | what + if $numbers then [.first_instruction] else [] end | @json] | sort;

def same($name; $x; $y): if $x == $y then empty else "\($name): \($x | @json) in the stub, \($y | @json) in the log" end;
def holds($name; condition): if condition then empty else $name end;

# Of a form: what both have executed as often, the log shows at least as well.
def compare_form($f; $x; $y):
	same("\($f): not judged"; $x.not; $y.not),
	holds("\($f): judged in part \($x.partly) times by the stub, \($y.partly) by the log"; $y.partly <= $x.partly),
	same("\($f): executed"; $x | total; $y | total);

def hidden: [.partly_seen[] | select(.register)];
def unknown: [.partly_seen[] | select(.register | not) | del(.first_pc)];

def compare($s; $l):
	($s | by_form) as $x | ($l | by_form) as $y | ([$x, $y | keys[]] | unique) as $forms |
	([$forms[] | select(repeats) as $f | ($x | form($f) | total) - ($y | form($f) | total)] | add // 0) as $more |
	([$l.findings[] | select(.location | only_in_log)] | length) as $added |
	($s.limited and $more > 0) as $further |

	same("how the guest ended"; $s.guest; $l.guest),
	same("error"; $s.error; $l.error),
	same("lost sync"; $s.lost_sync | del(.likely_cause.instruction?); $l.lost_sync | del(.likely_cause.instruction?)),
	same("events"; $s.events; $l.events),
	same("what ended it"; [$s | .interrupted, .unreached, .limited, .passed_over]; [$l | .interrupted, .unreached, .limited, .passed_over]),
	holds("within bound, either: \([$s | .within_bound, .either]) by the stub, \([$l | .within_bound, .either]) in the log";
		$s.within_bound <= $l.within_bound and $s.either <= $l.either and
			($s.unseen > $l.unseen or [$s | .within_bound, .either] == [$l | .within_bound, .either])),
	same("not modelled"; $s.unmodelled; $l.unmodelled),
	same("CPU"; $s.cpu_vendor; $l.cpu_vendor),

	# Steps that only the stub has.
	holds("repeated instructions: \($more) steps more by the stub"; $more == 0 or ($lingers and $more > 0)),
	if $s.limited then same("instructions"; $s.instructions; $l.instructions)
	else same("instructions"; $s.instructions - $more; $l.instructions) end,
	if $further then
		# The number of instructions being limited, the log gets further by as many.
		holds("forms that were executed more often: not by \($more)";
			([$forms[] | select(repeats | not) as $f | ($y | form($f) | total) - ($x | form($f) | total) | fabs] | add) == $more)
	else
		($forms[] | select(repeats | not) as $f | compare_form($f; $x | form($f); $y | form($f)))
	end,

	# What was seen of them.
	same("checked and partly seen"; $s.checked + $s.unseen - if $s.limited then 0 else $more end; $l.checked + $l.unseen),
	holds("partly seen: \($s.unseen) by the stub, \($l.unseen) by the log"; $l.unseen <= $s.unseen),
	# What is not shown is an input of others.
	same("inputs that only the log does not know"; []; ($l | unknown) - ($s | unknown)),
	# Instructions that store what only the guest decides are stepped.
	same("not shown by the log"; [];
		[$l | hidden[] | select((.register | only_in_log) and (.mnemonic | test("^(fn?save|fn?stenv|fxsave|xsave)") | not))]),
	same("not shown by the log alone"; []; [$l | hidden[].mnemonic] - [$s.partly_seen[].mnemonic]),
	# Sequences that a stop would break are seen step by step in the log.
	holds("grouped: \($s.grouped) by the stub, \($l.grouped) by the log"; $l.grouped <= $s.grouped),

	# What was found.
	($l | .findings |= map(select(.location | only_in_log | not))) as $shown |
	same("findings"; $s | found($more == 0); $shown | found($more == 0)),
	same("reasons"; $s.reasons - ["unseen"]; $l.reasons - ["unseen"]),
	holds("reasons: seen by the stub, not by the log"; ($l.reasons | index("unseen") | not) or ($s.reasons | index("unseen"))),
	if $s.reasons == $l.reasons and $added == 0 then same("verdict"; $s.verdict; $l.verdict)
	elif $s.verdict == "incomplete" then
		holds("verdict: \($l.verdict) in the log";
			$l.verdict == if $added > 0 then "divergent" elif ($l.reasons | length) > 0 then "incomplete" else "clean" end)
	else same("verdict"; $s.verdict; $l.verdict) end;

[compare($stub[0]; $log[0])]
