//! What the numbers of `+CMS ERROR` and `+CME ERROR` mean, in the words smsd writes behind them.
//!
//! The words are an interface: scripts match them in `Fail_reason:` and in logs, so they stay as they are, slips of the
//! pen included. Sources: TS 27.005 section 3.2.5, TS 24.011 annex E-2, TS 23.040 section 9.2.3.22, TS 27.007 section 9.2.

use crate::model::Cause;

/// The words for `+CMS ERROR: code`, if there are any.
pub fn cms_text(code: u16) -> Option<&'static str> {
    find(CMS, code)
}

/// The words for `+CME ERROR: code`, if there are any.
pub fn cme_text(code: u16) -> Option<&'static str> {
    find(CME, code)
}

/// The modem's answer with its explanation: `+CMS ERROR: 38 (Network out of order)`.
pub fn explained(cause: Cause) -> String {
    let words = match cause {
        Cause::Cms(code) => cms_text(code),
        Cause::Cme(code) => cme_text(code),
        Cause::Unencodable => None,
    };
    words.map_or_else(|| cause.to_string(), |words| format!("{cause} ({words})"))
}

fn find(table: &'static [(u16, &'static str)], code: u16) -> Option<&'static str> {
    table
        .binary_search_by_key(&code, |(number, _)| *number)
        .ok()
        .and_then(|at| table.get(at))
        .map(|(_, text)| *text)
}

/// In order of the numbers; 512 and up are those of Wavecom.
const CMS: &[(u16, &str)] = &[
    (1, "Unassigned (unallocated) number"),
    (8, "Operator determined barring"),
    (10, "Call barred"),
    (21, "Short message transfer rejected"),
    (22, "Memory capacity exceeded"),
    (27, "Destination out of order"),
    (28, "Unindentified subscriber"),
    (29, "Facility rejected"),
    (30, "Unknown subscriber"),
    (38, "Network out of order"),
    (41, "Temporary failure"),
    (42, "Congestion"),
    (47, "Recources unavailable, unspecified"),
    (50, "Requested facility not subscribed"),
    (69, "Requested facility not implemented"),
    (81, "Invalid short message transfer reference value"),
    (95, "Semantically incorrect message"),
    (96, "Invalid mandatory information"),
    (97, "Message type non-existent or not implemented"),
    (98, "Message not compatible with short message protocol state"),
    (99, "Information element non-existent or not implemented"),
    (111, "Protocol error, unspecified"),
    (127, "Internetworking , unspecified"),
    (128, "Telematic internetworking not supported"),
    (129, "Short message type 0 not supported"),
    (130, "Cannot replace short message"),
    (143, "Unspecified TP-PID error"),
    (144, "Data code scheme (alphabet) not supported"),
    (145, "Message class not supported"),
    (159, "Unspecified TP-DCS error"),
    (160, "Command cannot be actioned"),
    (161, "Command unsupported"),
    (175, "Unspecified TP-Command error"),
    (176, "Transfer Protocol Data Unit (TPDU) not supported"),
    (192, "Service Center (SC) busy"),
    (193, "No SC subscription"),
    (194, "SC System failure"),
    (195, "Invalid Short Message Entity (SME) address"),
    (196, "Destination SME barred"),
    (197, "SM Rejected-Duplicate SM"),
    (198, "Validity Period Format (TP-VPF) not supported"),
    (199, "Validity Period) TP-VP not supported"),
    (208, "SIM SMS Storage full"),
    (209, "No SMS Storage capability in SIM"),
    (210, "Error in MS"),
    (211, "Memory capacity exceeded"),
    (212, "Sim Application Toolkit busy"),
    (213, "SIM data download error"),
    (255, "Unspecified error cause"),
    (300, "ME Failure"),
    (301, "SMS service of ME reserved"),
    (302, "Operation not allowed"),
    (303, "Operation not supported"),
    (304, "Invalid PDU mode parameter"),
    (305, "Invalid Text mode parameter"),
    (310, "(U)SIM not inserted"),
    (311, "(U)SIM PIN required"),
    (312, "PH-(U)SIM PIN required"),
    (313, "(U)SIM failure"),
    (314, "(U)SIM busy"),
    (315, "(U)SIM wrong"),
    (316, "(U)SIM PUK required"),
    (317, "(U)SIM PIN2 required"),
    (318, "(U)SIM PUK2 required"),
    (320, "Memory failure"),
    (321, "Invalid memory index"),
    (322, "Memory full"),
    (330, "SMSC address unknown"),
    (331, "No network service"),
    (332, "Network timeout"),
    (340, "No +CNMA acknowledgement expected"),
    (500, "Unknown error"),
    (512, "MM establishment failure / weak signal, loosing connection"),
    (513, "Lower layer failure: receiving of an acknowledgement timed out or lost the radio link."),
    (514, "Network error. Congestion in the network."),
    (515, "Please wait, service is not available, init in progress"),
];

/// In order of the numbers.
const CME: &[(u16, &str)] = &[
    (0, "Phone failure"),
    (1, "No connection to phone"),
    (2, "Phone-adaptor link reserved"),
    (3, "Operation not allowed"),
    (4, "Operation not supported"),
    (5, "PH-SIM PIN required"),
    (6, "PH-FSIM PIN required"),
    (7, "PH-FSIM PUK required"),
    (10, "SIM not inserted"),
    (11, "SIM PIN required"),
    (12, "SIM PUK required"),
    (13, "SIM failure"),
    (14, "SIM busy"),
    (15, "SIM wrong"),
    (16, "Incorrect password"),
    (17, "SIM PIN2 required"),
    (18, "SIM PUK2 required"),
    (20, "Memory full"),
    (21, "Invalid index"),
    (22, "Not found"),
    (23, "Memory failure"),
    (24, "Text string too long"),
    (25, "Invalid characters in text string"),
    (26, "Dial string too long"),
    (27, "Invalid characters in dial string"),
    (30, "No network service"),
    (31, "Network timeout"),
    (32, "Network not allowed - emergency calls only"),
    (40, "Network personalisation PIN required"),
    (41, "Network personalisation PUK required"),
    (42, "Network subset personalisation PIN required"),
    (43, "Network subset personalisation PUK required"),
    (44, "Service provider personalisation PIN required"),
    (45, "Service provider personalisation PUK required"),
    (46, "Corporate personalisation PIN required"),
    (47, "Corporate personalisation PUK required"),
    (48, "PH-SIM PUK required"),
    (100, "Unknown"),
    (103, "Illegal MS"),
    (106, "Illegal ME"),
    (107, "GPRS services not allowed"),
    (111, "PLMN not allowed"),
    (112, "Location area not allowed"),
    (113, "Roaming not allowed in this location area"),
    (126, "Operation temporary not allowed"),
    (132, "Service operation not supported"),
    (133, "Requested service option not subscribed"),
    (134, "Service option temporary out of order"),
    (148, "Unspecified GPRS error"),
    (149, "PDP authentication failure"),
    (150, "Invalid mobile class"),
    (256, "Operation temporarily not allowed"),
    (257, "Call barred"),
    (258, "Phone is busy"),
    (259, "User abort"),
    (260, "Invalid dial string"),
    (261, "SS not executed"),
    (262, "SIM Blocked"),
    (263, "Invalid block"),
    (515, "Device busy"),
    (772, "SIM powered down"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_words_smsd_writes() {
        assert_eq!(cms_text(38), Some("Network out of order"));
        assert_eq!(cms_text(500), Some("Unknown error"));
        assert_eq!(cme_text(13), Some("SIM failure"));
        assert_eq!((cms_text(999), cme_text(999)), (None, None));
    }

    #[test]
    fn the_tables_are_in_order_so_that_every_number_is_found() {
        for table in [CMS, CME] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(table.iter().all(|(code, text)| find(table, *code) == Some(text)));
        }
    }
}
