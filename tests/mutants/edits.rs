//! The broken rules, each as edits to the sources: M1, M2, M5 and M7 of the test plan.
//!
//! An edit names a text that occurs once in its file. Where the sources change so that it does not, the build of the
//! mutants fails and says which one: the rule has moved, and its mutant moves with it.

/// One text put in the place of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// The file, from the root of the repository.
    pub(crate) file: &'static str,
    /// What stands there, once.
    pub(crate) from: &'static str,
    /// What stands there instead.
    pub(crate) to: &'static str,
}

/// All edits; which of them act is decided when the node runs.
pub(crate) const ALL: &[Edit] = &[
    // M1, no intent: the PDU is on its way to the modem while `Start` is on its way into the log.
    Edit {
        file: "src/worker/modem/proceed.rs",
        from: "            self.propose(Asked::Start, Body::Start { attempt: job.attempt() });\n        }\n        false",
        to: "            self.propose(Asked::Start, Body::Start { attempt: job.attempt() });\n            \
             if crate::is_mutant(\"write-without-start\") {\n                \
             job.phase = self.begin_writing(&job, context);\n                \
             self.job = Some(job);\n            }\n        }\n        false",
    },
    Edit {
        file: "src/worker/modem/proceed.rs",
        from: "let in_flight = claim.open && claim.state(job.part) == AttemptState::InFlight;",
        to: "let in_flight = claim.open\n            && (crate::is_mutant(\"write-without-start\") || \
             claim.state(job.part) == AttemptState::InFlight);",
    },
    Edit {
        file: "src/worker/modem/reply.rs",
        from: "            StartReply::Go => {\n                job.phase = Phase::Started;",
        to: "            StartReply::Go => {\n                \
             if !crate::is_mutant(\"write-without-start\") || job.phase == Phase::Claimed {\n                    \
             job.phase = Phase::Started;\n                }",
    },
    Edit {
        file: "src/worker/modem/proceed.rs",
        from: "let start = self.survey_due > context.now;",
        to: "let start = self.survey_due > context.now && !crate::is_mutant(\"write-without-start\");",
    },
    // M2, an expiry requeues what is in flight: nobody wonders what became of it.
    Edit {
        file: "src/queue/settle.rs",
        from: "in_flight.for_each(|attempt| attempt.doubt(Doubt::SessionLost, None, now));",
        to: "in_flight.for_each(|attempt| {\n                \
             if crate::is_mutant(\"expiry-requeues\") {\n                    \
             let failing = super::claim::Failing::NotWritten(crate::model::NotWrittenReason::LeaseLost);\n                    \
             attempt.not_aired(failing, super::claim::Source::Modem, now);\n                \
             } else {\n                    \
             attempt.doubt(Doubt::SessionLost, None, now);\n                }\n            });",
    },
    // M5, a sync removed: records of the log are written and never made durable.
    Edit {
        file: "node/src/raft/disk.rs",
        from: "            Step::Sync { segment } => self.handle(*segment)?.sync_data(),",
        to: "            Step::Sync { .. } if smsgrid::is_mutant(\"no-sync\") => Ok(()),\n            \
             Step::Sync { segment } => self.handle(*segment)?.sync_data(),",
    },
    // M7, a key is ignored after a failover: whoever comes back knows none.
    Edit {
        file: "src/queue/sessions.rs",
        from: "            let id = self.begin_session(node, start, effects);",
        to: "            if crate::is_mutant(\"key-forgotten\") {\n                \
             self.keys = Default::default();\n            }\n            \
             let id = self.begin_session(node, start, effects);",
    },
];
