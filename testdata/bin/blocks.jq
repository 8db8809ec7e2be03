# How the report of a run that was judged by whole blocks ($block) differs from that of its single instructions in the same
# log ($log): an array of texts, empty where they tell the same. A difference inside a block shows at its end, so that
# findings are only compared by whether there are any; what may differ besides has a rule here, with its reason.
def same($name; $x; $y): if $x == $y then empty else "\($name): \($x | @json) by instructions, \($y | @json) by blocks" end;
def forms: [.coverage[] | [.form, .encoding, .fully + .partly + .not]] | sort;
def partly: [.partly_seen[] | [.mnemonic, .reason, .register]] | sort;

def compare($l; $b):
	same("how the guest ended"; $l.guest; $b.guest),
	same("error"; $l.error; $b.error),
	# Behind a block it is not known which of its instructions it was.
	same("lost sync"; $l.lost_sync | del(.likely_cause?); $b.lost_sync | del(.likely_cause?)),
	same("events"; $l.events; $b.events),
	same("what ended it"; [$l | .interrupted, .unreached, .limited, .passed_over]; [$b | .interrupted, .unreached, .limited, .passed_over]),
	same("not modelled"; $l.unmodelled; $b.unmodelled),
	same("instructions"; $l.instructions; $b.instructions),
	same("executed"; ($l | forms) - ($b | forms); ($b | forms) - ($l | forms)),
	same("whether something was found"; ($l.findings | length) > 0; ($b.findings | length) > 0),
	if ($l.findings | length) > 0 then empty
	else same("partly seen"; $l | partly; $b | partly), same("checked"; $l.checked; $b.checked), same("reasons"; $l.reasons; $b.reasons) end,
	same("verdict"; $l.verdict; $b.verdict);

[compare($log[0]; $block[0])]
