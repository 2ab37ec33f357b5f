//! What the configuration says about spool intake.

use std::time::Duration;

use crate::sms_file::{self, MessageIds};

use super::KeepPdus;

/// What follows when the name of a file is taken in `checked`. Nothing is overwritten in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflicts {
    /// The file is parked in `outgoing`, with an alarm, and taken when the name is free.
    #[default]
    Park,
    /// As smsd: the alarm handler is asked to help, one conflict at a time; a file that cannot be moved after it
    /// returned stops the spool.
    Stop,
}

/// What follows when a folder cannot be used any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FolderFailures {
    /// Files wait, with an alarm, until it can be used again.
    #[default]
    Wait,
    /// As smsd: the spool stops, unless only room is missing.
    Stop,
}

/// Which file of `outgoing` is taken next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Urgent ones first, then the oldest.
    #[default]
    Age,
    /// `spool_directory_order`: as they stand in the folder, and those that come later as they come.
    Directory,
}

/// What the configuration says about the intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `trust_outgoing`: files are complete as soon as they are seen.
    pub trust_outgoing: bool,
    /// `settle_time`: how long the size of a file written in place must not change.
    pub settle_time: Duration,
    /// Which file is taken next.
    pub order: Order,
    /// Whose files are taken; an empty list permits everyone.
    pub owners: Vec<u32>,
    /// Most files in `checked`; the rest waits in `outgoing`, where high priority overtakes.
    pub live_max: usize,
    /// Names that are taken in `checked`.
    pub conflicts: Conflicts,
    /// Folders that cannot be used any more.
    pub folder_failures: FolderFailures,
    /// Results of sent messages are kept; otherwise the file is removed.
    pub keep_sent: bool,
    /// Results of failed messages are kept; otherwise the file is removed.
    pub keep_failed: bool,
    /// A copy is made of each result that is kept in `sent`.
    pub sent_copy: bool,
    /// A copy is made of each result that is kept in `failed`.
    pub failed_copy: bool,
    /// The event handler is told the copy, where there is one.
    pub tell_copies: bool,
    /// A file keeps its name; otherwise names are made for it and its result.
    pub keep_filename: bool,
    /// Where a name is made, the result tells the file's own in `Original_filename:`.
    pub store_original_filename: bool,
    /// How many characters of the text stand behind the name of a result.
    pub filename_preview: usize,
    /// `messageids`
    pub message_ids: MessageIds,
    /// `store_sent_pdu`
    pub keep_pdus: KeepPdus,
    /// There are folders of queues, which are looked at.
    pub queues: bool,
    /// The check handler is asked about each file.
    pub checks: bool,
    /// An event handler is told of each result, and answers.
    pub events: bool,
    /// What files mean.
    pub messages: sms_file::Settings,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            trust_outgoing: false,
            settle_time: Duration::from_millis(500),
            order: Order::default(),
            owners: Vec::new(),
            live_max: 10_000,
            conflicts: Conflicts::default(),
            folder_failures: FolderFailures::default(),
            keep_sent: true,
            keep_failed: true,
            sent_copy: false,
            failed_copy: false,
            tell_copies: false,
            keep_filename: true,
            store_original_filename: true,
            filename_preview: 0,
            message_ids: MessageIds::default(),
            keep_pdus: KeepPdus::default(),
            queues: false,
            checks: false,
            events: false,
            messages: sms_file::Settings::default(),
        }
    }
}
