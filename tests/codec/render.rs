//! A decoded PDU as lines a telecom person reads.

use smsgrid::model::{Address, TypeOfNumber, UserData, ValidityPeriod};
use smsgrid::pdu::{Deliver, Parameters, Pdu, ServiceCentreTime, StatusReport, Submit, Tpdu, Validity};
use smsgrid::text::{self, DataCoding, Header};

/// Every field that is not at rest, one line each.
pub(crate) fn lines(pdu: &Pdu) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(service_centre) = &pdu.service_centre {
        lines.push(format!("service_centre: {}", address(service_centre)));
    }
    match &pdu.tpdu {
        Tpdu::Submit(submit) => submit_lines(submit, &mut lines),
        Tpdu::Deliver(deliver) => deliver_lines(deliver, &mut lines),
        Tpdu::StatusReport(report) => status_report_lines(report, &mut lines),
    }
    lines
}

fn submit_lines(submit: &Submit, lines: &mut Vec<String>) {
    lines.push("kind: SMS-SUBMIT".to_owned());
    flags(
        &[
            (submit.reject_duplicates, "TP-RD"),
            (submit.status_report, "TP-SRR"),
            (submit.reply_path, "TP-RP"),
        ],
        lines,
    );
    lines.push(format!("message_reference: {}", submit.message_reference));
    lines.push(format!("destination: {}", address(&submit.destination)));
    lines.push(format!("protocol_identifier: {:02X}", submit.protocol_identifier.0));
    lines.extend(submit.validity.map(|period| format!("validity: {}", validity(period))));
    user_data_lines(&submit.user_data, lines);
}

fn deliver_lines(deliver: &Deliver, lines: &mut Vec<String>) {
    lines.push("kind: SMS-DELIVER".to_owned());
    flags(
        &[
            (deliver.more_messages, "more messages"),
            (deliver.loop_prevention, "TP-LP"),
            (deliver.status_report_indication, "TP-SRI"),
            (deliver.reply_path, "TP-RP"),
        ],
        lines,
    );
    lines.push(format!(
        "originator: {}",
        deliver.originator.as_ref().map_or_else(|| "none".to_owned(), address)
    ));
    lines.push(format!("protocol_identifier: {:02X}", deliver.protocol_identifier.0));
    lines.push(format!("service_centre_time: {}", time(deliver.service_centre_time)));
    user_data_lines(&deliver.user_data, lines);
}

fn status_report_lines(report: &StatusReport, lines: &mut Vec<String>) {
    lines.push("kind: SMS-STATUS-REPORT".to_owned());
    flags(
        &[
            (report.more_messages, "more messages"),
            (report.loop_prevention, "TP-LP"),
            (report.answers_command, "TP-SRQ"),
        ],
        lines,
    );
    lines.push(format!("message_reference: {}", report.message_reference));
    lines.push(format!("recipient: {}", address(&report.recipient)));
    lines.push(format!("service_centre_time: {}", time(report.service_centre_time)));
    lines.push(format!("discharge_time: {}", time(report.discharge_time)));
    let status = report.status;
    lines.push(format!("status: {:02X} {:?}, {}", status.0, status.class(), status.meaning()));
    if let Some(parameters) = &report.parameters {
        parameters_lines(parameters, lines);
    }
}

fn parameters_lines(parameters: &Parameters, lines: &mut Vec<String>) {
    lines.push("parameters: yes".to_owned());
    lines.extend(parameters.protocol_identifier.map(|value| format!("protocol_identifier: {:02X}", value.0)));
    if let Some(user_data) = &parameters.user_data {
        user_data_lines(user_data, lines);
    }
    if parameters.reserved != 0 || !parameters.extensions.is_empty() {
        let (reserved, extensions) = (parameters.reserved, hex(&parameters.extensions));
        lines.push(format!("announces_others: {reserved:02X} {extensions}"));
        lines.push(format!("rest: {}", hex(&parameters.rest)));
    }
}

fn user_data_lines(user_data: &UserData, lines: &mut Vec<String>) {
    let coding = DataCoding(user_data.data_coding);
    let class = coding.class().map(|class| format!(", {class:?}")).unwrap_or_default();
    let waiting = coding.waiting().map(|waiting| format!(", {waiting:?}")).unwrap_or_default();
    let alphabet = text::alphabet(user_data);
    lines.push(format!("data_coding: {:02X} {:?}, {alphabet:?}{class}{waiting}", coding.0, coding.group()));
    let header = Header::decode(&user_data.header).expect("the PDU was decoded with it");
    lines.extend(header.elements.iter().map(|element| format!("element: {element:?}")));
    match text::join([user_data]) {
        Some(text) => lines.push(format!("text: \"{}\"", text.escape_debug())),
        None => {
            let (smsgrid::model::Payload::Septets(units) | smsgrid::model::Payload::Octets(units)) =
                &user_data.payload;
            lines.push(format!("data: {}", hex(units)));
        }
    }
}

fn flags(flags: &[(bool, &str)], lines: &mut Vec<String>) {
    let set: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    if !set.is_empty() {
        lines.push(format!("flags: {}", set.join(", ")));
    }
}

fn address(address: &Address) -> String {
    match (address.type_of_number(), address.numbering_plan().bits()) {
        (TypeOfNumber::International, 1) => format!("+{}", address.reveal()),
        (type_of_number, plan) => format!("{} ({type_of_number:?}, plan {plan})", address.reveal()),
    }
}

fn time(time: ServiceCentreTime) -> String {
    match (time.moment(), time.zone_quarters()) {
        (Some(moment), Some(zone)) => format!("{} s, zone {zone}", moment.as_unix_millis() / 1000),
        _ => format!("no moment in {time:?}"),
    }
}

fn validity(validity: Validity) -> String {
    match (validity.to_model(), validity) {
        (Some(ValidityPeriod::Relative(octet)), _) => format!("relative {octet}"),
        (Some(ValidityPeriod::Absolute(until)), _) => format!("until {} s", until.as_unix_millis() / 1000),
        (Some(ValidityPeriod::Enhanced(span)), _) => format!("enhanced {} s", span.as_secs()),
        (None, kept) => format!("none in {kept:?}"),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}
