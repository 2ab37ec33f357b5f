//! How a modem makes voice calls: the `voicecall_…` keys of `[modems.NAME]`.

use smsgrid::at::{AnswerSign, Calling, HangUp, ToneForm};
use smsgrid_proto::Reason;

use super::section::Section;

/// Reads them. Each is no unless it is said; two that exclude each other are a fault.
pub(super) fn read(section: &mut Section<'_, '_>) -> Calling {
    let is_list = section.or("voicecall_vts_list", false);
    let is_quoted = section.or("voicecall_vts_quotation_marks", false);
    let is_ath = section.or("voicecall_hangup_ath", false);
    Calling {
        // A list has no quotation marks, as in smsd.
        tones: match (is_list, is_quoted) {
            (true, _) => ToneForm::List,
            (false, true) => ToneForm::QuotedChain,
            (false, false) => ToneForm::Chain,
        },
        hang_up: if is_ath { HangUp::Ath } else { HangUp::Chup },
        answer: answer(section),
        ignores_result: section.or("voicecall_ignore_modem_response", false),
    }
}

fn answer(section: &mut Section<'_, '_>) -> AnswerSign {
    let polls_activity = section.or("voicecall_cpas", false);
    let polls_list = section.or("voicecall_clcc", false);
    if polls_activity && polls_list {
        let what = "`voicecall_cpas` and `voicecall_clcc` exclude each other";
        let fix = "remove one of them: either tells an answered call from one that rings";
        section.fault(section.at(), Reason::ConfigConflict, what, None, Some(fix));
    }
    match (polls_activity, polls_list) {
        (true, _) => AnswerSign::Activity,
        (false, true) => AnswerSign::CallList,
        (false, false) => AnswerSign::Result,
    }
}
