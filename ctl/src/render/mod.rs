//! From views to text: pure functions, so that fixed inputs have fixed pictures.

mod event;
mod message;
mod modem;
mod node;
mod progress;
mod setting;
mod sheet;
mod status;
mod style;
mod words;

pub(crate) use event::{event_line, event_sheet};
pub(crate) use message::{accepted_sheet, message_card, message_sheet, uncertain_card};
pub(crate) use modem::{modem_card, modem_sheet};
pub(crate) use node::{cluster_card, member_sheet, node_card, node_sheet};
pub(crate) use progress::Progress;
pub(crate) use setting::setting_sheet;
pub(crate) use sheet::{Cell, Column, Sheet, csv, table};
pub(crate) use status::{status_line, status_screen};
pub(crate) use style::Style;
pub(crate) use words::{age, count, quoted, tame};
