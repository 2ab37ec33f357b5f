//! The catalogue of what can go wrong: a stable word each, with its exit code, its meaning and the way out.
//!
//! A word is never renamed and never given another meaning. Texts may grow clearer.

use std::fmt;
use std::str::FromStr;

use crate::Exit;

/// The domain of the words in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "smsgrid";

macro_rules! catalogue {
    ($($name:ident $word:literal $exit:ident $meaning:literal $fix:literal)*) => {
        /// The stable word for one way in which something goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)*
        }

        impl Reason {
            /// Every reason, those of one subject together.
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// The word that people and programs see.
            pub const fn word(self) -> &'static str {
                match self { $(Reason::$name => $word,)* }
            }

            /// How a program ends that fails for this reason.
            pub const fn exit(self) -> Exit {
                match self { $(Reason::$name => Exit::$exit,)* }
            }

            /// What happened, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$name => $meaning,)* }
            }

            /// What to do about it.
            pub const fn fix(self) -> &'static str {
                match self { $(Reason::$name => $fix,)* }
            }
        }
    };
}

catalogue! {
    ConfigUnreadable "CONFIG_UNREADABLE" Usage
        "The configuration cannot be read, or is not TOML."
        "Look at the line named; `smsnode check-config FILE` reads the file without starting anything."
    ConfigUnknownKey "CONFIG_UNKNOWN_KEY" Usage
        "The configuration holds a setting that does not exist."
        "Correct the spelling; the message names the nearest setting there is. Nothing unknown is ever ignored."
    ConfigMissingKey "CONFIG_MISSING_KEY" Usage
        "The configuration lacks a setting that has no default."
        "Add the setting named."
    ConfigBadValue "CONFIG_BAD_VALUE" Usage
        "A setting has a value it cannot have."
        "Write a value of the kind the message shows: a duration as 30s, 10m, 12h or 3d."
    ConfigConflict "CONFIG_CONFLICT" Usage
        "Two settings contradict each other, such as two modems on one port."
        "Change one of the two lines named."
    PortPermission "PORT_PERMISSION" Problems
        "The port of a modem may not be opened by the user smsnode runs as."
        "Add that user to the group that owns the device (often dialout), then restart smsnode."
    PortBusy "PORT_BUSY" Problems
        "Another program has the port of a modem open."
        "Stop that program, or keep it away from the device with a udev rule."
    PortGone "PORT_GONE" Warnings
        "The port of a modem is not there, or disappeared."
        "Plug the device in again: it is found by itself. What was on its way is uncertain until evidence comes."
    ModemSilent "MODEM_SILENT" Warnings
        "A modem does not answer AT commands."
        "Check speed and cable; a stick with several ports answers on one of the others; power-cycle the device."
    PinWrong "PIN_WRONG" RefusedForSafety
        "The SIM refused its PIN."
        "Correct pin_file, then restart smsnode. The refused PIN is not tried again, so that no attempt is wasted."
    PinLastAttempt "PIN_LAST_ATTEMPT" RefusedForSafety
        "One PIN attempt is left, and it is not used without a person."
        "Check the PIN in a phone first: one wrong try more locks the SIM."
    PukLocked "PUK_LOCKED" RefusedForSafety
        "The SIM is locked and wants its PUK."
        "Get the PUK from the operator and unlock the SIM in a phone. After ten wrong PUKs it is dead."
    PinNeeded "PIN_NEEDED" RefusedForSafety
        "The SIM wants a PIN and none is configured."
        "Set pin_file for this modem, then restart smsnode."
    DeviceLocked "DEVICE_LOCKED" RefusedForSafety
        "The device is locked to another SIM or network."
        "Unlock the device, or use one that is not locked."
    SimMissing "SIM_MISSING" Warnings
        "There is no SIM in a modem."
        "Put a SIM in. Some sticks see it only after a power-cycle."
    SimFault "SIM_FAULT" Warnings
        "The SIM of a modem does not work, or stays busy."
        "Clean or replace the SIM."
    ModemRefused "MODEM_REFUSED" Warnings
        "A modem refused a command it must take, or does not tell who it is."
        "Check the init commands of this modem; use another device if there are none."
    NoNetwork "NO_NETWORK" Warnings
        "A modem is not registered with a network and takes no messages until it is."
        "Check coverage, antenna and whether the SIM is active. It goes on by itself."
    NetworkRefused "NETWORK_REFUSED" Warnings
        "The network refused messages of a modem, one after the other; it is blocked for a while."
        "Check the credit of the SIM and the coverage; short outages look the same and end by themselves."
    ModemLimit "MODEM_LIMIT" Warnings
        "A modem has sent as many messages as its message_limit allows."
        "They are counted anew after message_count_clear and at each start of smsnode; other modems go on meanwhile."
    PortSignIn "PORT_SIGN_IN" Warnings
        "The telnet host in front of a modem does not let this node in."
        "Correct telnet_login, telnet_password and the prompts of this modem; it is tried again by itself."
    ModemSuspended "MODEM_SUSPENDED" Warnings
        "The suspend file names a modem: its port is closed and it takes no messages."
        "Take its line out of the suspend file; it is used again within a second."
    BadNumber "BAD_NUMBER" Rejected
        "The text given as a recipient is no number this gateway can send to."
        "Write the international form, country code first. Nothing was sent."
    MessageTooLong "MESSAGE_TOO_LONG" Rejected
        "The text needs more parts than are allowed."
        "Shorten it, or raise limits.max_parts. One character outside GSM 7-bit halves what fits a part."
    BadRequest "BAD_REQUEST" Rejected
        "A field of the request has a value it cannot have."
        "Correct the field named. Nothing was done."
    MessageRejected "MESSAGE_REJECTED" Rejected
        "The message was refused by the rules of the cluster."
        "Change the message as the refusal says. Nothing is sent."
    KeyReused "KEY_REUSED" Rejected
        "The key was used for a different message."
        "A new message needs a new key; the same message under the same key needs the same text and options."
    NotFound "NOT_FOUND" NotFound
        "There is no such thing here, or it is no longer kept."
        "Look at the spelling; `smsctl msg list`, `smsctl modem list` and `smsctl node list` show what there is."
    Ambiguous "AMBIGUOUS" Usage
        "The beginning of an id stands for more than one message."
        "Write more of the id."
    TooLate "TOO_LATE" Rejected
        "The message is past the state in which this can be done."
        "Look at the message: `smsctl msg show ID`. Nothing was changed."
    QueueFull "QUEUE_FULL" Rejected
        "A bound of the cluster is reached, such as the number of messages waiting."
        "Wait until messages are sent, or raise the bound. Nothing was accepted."
    Overloaded "OVERLOADED" NoQuorum
        "More is asked of this node at once than it takes."
        "Ask again a little later, or ask another node. Nothing was accepted."
    NoQuorum "NO_QUORUM" NoQuorum
        "The cluster has no majority now and accepts nothing."
        "Bring back the nodes that are missing. Nothing was accepted; asking again with the same key is safe."
    LeaderChanging "LEADER_CHANGING" NoQuorum
        "A new leader is being elected."
        "Ask again in a few seconds; with the same key it is safe. Nothing was accepted."
    OutcomeUnknown "OUTCOME_UNKNOWN" OutcomeUnknown
        "Nobody can say whether the request had its effect: the answer did not come in time."
        "Ask again with the same key: it is not done twice."
    NodeStopping "NODE_STOPPING" NoQuorum
        "This node is stopping."
        "Ask another node. Nothing was accepted."
    MessageFailed "MESSAGE_FAILED" Warnings
        "Messages were given up."
        "See why: `smsctl dlq list`; then retry or discard them."
    NoModem "NO_MODEM" Problems
        "Messages wait, and no modem can send."
        "Look at the modems: `smsctl modem list`. Nothing accepted is lost meanwhile."
    ModemBlocked "MODEM_BLOCKED" Warnings
        "A modem gets no messages, because a person or its own errors took it out."
        "Look at it: `smsctl modem show NAME`; `smsctl modem unblock NAME` takes a person's block away."
    Behind "BEHIND" StillGoing
        "This node has not caught up with the revision the request names."
        "Ask again a little later, or ask another node."
    Unreachable "UNREACHABLE" Unreachable
        "No node answered."
        "Look whether smsnode runs there and whether the address is right. Nothing was handed over."
    WatchEnded "WATCH_ENDED" StillGoing
        "The node ended the watch: it stops, or the events were not taken fast enough."
        "Watch again from the revision named, here or at another node. Nothing is missed."
    UnknownMethod "UNKNOWN_METHOD" Rejected
        "The node does not know this method."
        "Look at the version of the node and of the program that asks; the older one has to be updated."
    NotAllowed "NOT_ALLOWED" NotAllowed
        "The caller may not do this."
        "Ask somebody with the role named."
    ListenFailed "LISTEN_FAILED" Problems
        "An address this node should listen on cannot be had: it is in use, or not an address of this host."
        "Stop the program that has it, or give this node another address in [listen]."
    InsecureBind "INSECURE_BIND" Usage
        "The node refuses to listen on the network without TLS and sign-in."
        "Listen on 127.0.0.1, or write insecure = \"i know\" in a closed laboratory."
    SpoolNotWritable "SPOOL_NOT_WRITABLE" Problems
        "A spool folder is missing, or smsnode may not write to it."
        "Give the folder to the user smsnode runs as. Until then files stay where they are."
    SpoolBadFile "SPOOL_BAD_FILE" Warnings
        "A spool file is not sent and was moved to the failed folder."
        "Mend what the reason inside the file names and move it into `outgoing` again. A file is headers, one of them `To:`, an empty line, the text."
    SpoolConflict "SPOOL_CONFLICT" Warnings
        "A name in the spool is taken: a file waits for it, or a result got another one."
        "Remove the file or lock of that name when nobody needs it; a file that waits is then taken by itself."
    SpoolFileIgnored "SPOOL_FILE_IGNORED" Warnings
        "A file is left where it is, because it is a link, too large, unreadable, or of an owner who may not send."
        "Remove it, or put a plain file in its place that smsnode may read."
    SpoolFileStuck "SPOOL_FILE_STUCK" Warnings
        "The system refuses to lock, move or read one spool file; it waits, other files go on."
        "Look at the owner and mode of the file, and whether its folder is sticky. It is tried again by itself."
    SpoolFileGone "SPOOL_FILE_GONE" Warnings
        "A spool file was removed while it was being worked on, or while smsnode did not run; no result is filed for it."
        "Leave the files of the checked folder alone; cancel a message instead."
    SuspendFileUnreadable "SUSPEND_FILE_UNREADABLE" Warnings
        "The file that says which modems are suspended cannot be read; they stay as they were."
        "Let the user of smsnode read it, or remove it: a file that is not there suspends nobody."
    SpoolListUnreadable "SPOOL_LIST_UNREADABLE" Problems
        "The blacklist or the whitelist of the spool cannot be read, so nobody knows which numbers may be sent to."
        "Let the user smsnode runs as read the file, or take it out of [spool]. Until then files wait, nothing is sent."
    StoreForeign "STORE_FOREIGN" Unexpected
        "The data directory belongs to another node or cluster."
        "Point data_dir elsewhere. Never delete it to mend this: it may hold unsent messages."
    StoreLost "STORE_LOST" Unexpected
        "The data directory is empty, but the cluster knows this node: its part of the log is gone."
        "Put the data directory back. Never let the node begin anew under its old name."
    ClusterMismatch "CLUSTER_MISMATCH" Unexpected
        "A node that calls itself a member belongs to another cluster, or lists other members."
        "Make the [cluster] section equal on all members, and look whether an address belongs to another cluster."
    StoreBusy "STORE_BUSY" Unexpected
        "Another smsnode is running on this data directory."
        "Stop the other one, or give this one a data directory of its own."
    StoreDamaged "STORE_DAMAGED" Unexpected
        "The data directory is damaged, or written in a format this version does not read."
        "Keep a copy of it and ask for help; starting empty in its place would forget unsent messages."
    DiskFailed "DISK_FAILED" Unexpected
        "The disk refused to write or to sync; the node stopped at once, so that nothing unsaved is promised."
        "Look at the system log for the disk and at the free space, then start smsnode again."
}

/// The text is no reason's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReason;

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such reason")
    }
}

impl std::error::Error for UnknownReason {}

impl FromStr for Reason {
    type Err = UnknownReason;

    /// Reads the word in any case, with `-` for `_`.
    fn from_str(text: &str) -> Result<Reason, UnknownReason> {
        let word = text.to_ascii_uppercase().replace('-', "_");
        Reason::ALL.iter().copied().find(|reason| reason.word() == word).ok_or(UnknownReason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_is_its_own_and_is_read_back() {
        let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();

        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(reason.word().parse(), Ok(*reason));
            assert!(reason.word().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{reason}");
        }
        assert_eq!("pin-wrong".parse(), Ok(Reason::PinWrong));
        assert_eq!("PIN".parse::<Reason>(), Err(UnknownReason));
    }

    #[test]
    fn every_meaning_and_fix_is_a_sentence_of_one_line() {
        for text in Reason::ALL.iter().flat_map(|reason| [reason.meaning(), reason.fix()]) {
            assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn a_wrong_configuration_ends_with_two() {
        for reason in Reason::ALL.iter().filter(|reason| reason.word().starts_with("CONFIG_")) {
            assert_eq!(reason.exit().code(), 2, "{reason}");
        }
    }
}
