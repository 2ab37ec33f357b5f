//! Messages to the administrator: what smsd tells by SMS, submitted to the log like any other message.
//!
//! ```text
//! trouble of a program, limit of a modem ──quota of the modem──▶ queue ──its task──▶ Submit under a key of its own
//! ```
//!
//! What waits here is lost with the process; once it is in the log it is sent once, by any modem that may.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smsgrid::model::{Address, Name, Origin};
use smsgrid::queue::{IdempotencyKey, Route};
use smsgrid::sms_file::{self, Document};
use smsgrid::worker::handlers::{Exit, Quota};
use smsgrid::worker::submission;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::{Config, Messages};
use crate::submit::{Request, SubmitError, Submitter};

/// Messages that wait for the log.
const WAITING_MAX: usize = 64;
/// Characters of a message: it is one part.
const CHARACTERS_MAX: usize = 150;
/// Wait before the log is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// Fewest repetitions of a message that the network refuses for now.
const RETRIES_MIN: u8 = 2;

/// Tells the administrator. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Administrator(Option<Arc<Inner>>);

/// What the administrator is told.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// A program begins to fail.
    Program {
        /// Its kind.
        program: &'a str,
        /// How it ended.
        exit: &'a Exit,
        /// The number that smsd tells of that.
        result: &'a str,
    },
    /// A modem has sent as many messages as it may.
    MessageLimit(u32),
}

#[derive(Debug)]
struct Inner {
    told: Mutex<Configured>,
    /// Whether it is told in the words of smsd, which people filter by.
    as_smsd: bool,
    waiting: mpsc::Sender<Message>,
    clock: Clock,
}

/// What the configuration says of it. Another one takes its place whole.
#[derive(Debug)]
struct Configured {
    /// Whom to tell of each modem, and how often yet.
    modems: BTreeMap<String, Told>,
    gateway: Option<Address>,
    /// Whose quota counts for the gateway itself: smsd tells of itself by its first modem.
    first: Option<String>,
    messages: Messages,
    files: sms_file::Settings,
}

#[derive(Debug)]
struct Told {
    to: Address,
    quota: Quota,
}

#[derive(Debug)]
struct Message {
    to: Address,
    text: String,
}

/// What brings the messages into the log.
#[derive(Debug)]
pub struct Errand {
    waiting: mpsc::Receiver<Message>,
    client: Name,
    administrator: Arc<Inner>,
    clock: Clock,
}

impl Administrator {
    /// What the configuration says, and the errand to be run.
    pub fn of(config: &Config, clock: &Clock) -> (Administrator, Errand) {
        let (waiting, queue) = mpsc::channel(WAITING_MAX);
        let (told, as_smsd) = (Mutex::new(Configured::of(config)), config.process.is_some());
        let inner = Arc::new(Inner { told, as_smsd, waiting, clock: clock.clone() });
        let (client, clock) = (config.node.name.clone(), clock.clone());
        let errand = Errand { waiting: queue, client, administrator: inner.clone(), clock };
        (Administrator(Some(inner)), errand)
    }

    /// Tells as another configuration says from now on. What waits already goes to whom it was meant for.
    pub(crate) fn take(&self, config: &Config) {
        let Some(inner) = &self.0 else { return };
        let mut told = inner.told();
        let running = std::mem::replace(&mut *told, Configured::of(config));
        told.count_on(running);
    }

    /// Tells `news` of a modem, or of the gateway. Never waits.
    pub fn tell(&self, modem: Option<&str>, news: News<'_>) {
        let Some(inner) = &self.0 else { return };
        let Some(to) = inner.recipient(modem) else { return };
        let text =
            plain(&if inner.as_smsd { in_words_of_smsd(modem, news) } else { in_own_words(modem, news) });
        if inner.waiting.try_send(Message { to, text }).is_err() {
            warn!(
                event = "admin.lost",
                modem, "too many messages to the administrator wait; one is not sent"
            );
        }
    }
}

impl Configured {
    fn of(config: &Config) -> Configured {
        let gateway = config.handlers.admin_to.clone();
        let told = config.modems.iter().filter_map(|(name, modem)| {
            let admin = &modem.administrator;
            let to = admin.to.clone().or_else(|| gateway.clone())?;
            Some((name.to_string(), Told { to, quota: Quota::new(admin.limit, admin.count_clear) }))
        });
        let modems: BTreeMap<String, Told> = told.collect();
        let in_order = config.process.iter().flat_map(|process| &process.modems).map(Name::as_str);
        let first = in_order.chain(modems.keys().map(String::as_str)).find(|name| modems.contains_key(*name));
        let first = first.map(str::to_owned);
        let gateway = gateway.or_else(|| modems.get(first.as_ref()?).map(|told| told.to.clone()));
        let messages = config.messages.clone();
        let files = sms_file::Settings { report: messages.report, ..config.files.settings.clone() };
        Configured { modems, gateway, first, messages, files }
    }

    /// Goes on with what was counted of modems with the same quota, or a reload would double what the administrator gets.
    fn count_on(&mut self, running: Configured) {
        for (name, was) in running.modems {
            if let Some(told) = self.modems.get_mut(&name).filter(|told| told.quota.allows_as(&was.quota)) {
                told.quota = was.quota;
            }
        }
    }
}

impl Inner {
    fn told(&self) -> MutexGuard<'_, Configured> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number to tell; none when nobody is told, or often enough.
    fn recipient(&self, modem: Option<&str>) -> Option<Address> {
        let mut configured = self.told();
        let Configured { modems, gateway, first, .. } = &mut *configured;
        let Some(told) = modem.or(first.as_deref()).and_then(|name| modems.get_mut(name)) else {
            return gateway.clone().filter(|_| modem.is_none());
        };
        if !told.quota.take(self.clock.now()) {
            info!(
                event = "admin.limit",
                modem, "adminmessage_limit is reached; the administrator is not told"
            );
            return None;
        }
        if modem.is_none() { gateway.clone() } else { Some(told.to.clone()) }
    }
}

fn in_own_words(modem: Option<&str>, news: News<'_>) -> String {
    let who = modem.unwrap_or("the node");
    match news {
        News::Program { program, exit, .. } => format!("Smsnode: {who}: problem with {program}, it {exit}"),
        News::MessageLimit(messages) => format!("Smsnode: {who}: Message limit {messages} is reached."),
    }
}

fn in_words_of_smsd(modem: Option<&str>, news: News<'_>) -> String {
    let (daemon, who) = modem.map_or(("Sms3", "mainprocess"), |modem| ("Smsd3", modem));
    match news {
        News::Program { program, result, .. } => {
            format!("{daemon}: {who}, problem with {program}, result {result}")
        }
        News::MessageLimit(messages) => format!("{daemon}: {who}: Message limit {messages} is reached."),
    }
}

/// One part of plain characters.
fn plain(text: &str) -> String {
    let plain = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    text.chars().map(plain).take(CHARACTERS_MAX).collect()
}

impl Errand {
    /// Submits what comes until `stop`.
    pub async fn run(mut self, submitter: Submitter, stop: CancellationToken) {
        let began = self.clock.utc().as_unix_millis();
        let mut number = 0_u64;
        while let Some(Some(message)) = stop.run_until_cancelled(self.waiting.recv()).await {
            number += 1;
            let key = format!("admin:{began}:{number}");
            let Some(request) = self.request(&message, &key) else {
                warn!(
                    event = "admin.lost",
                    "a message to the administrator cannot be written; it is not sent"
                );
                continue;
            };
            if stop.run_until_cancelled(self.submit(&submitter, request)).await.is_none() {
                warn!(event = "admin.lost", "a message to the administrator may not be sent: the node stops");
            }
        }
        let waiting = std::iter::from_fn(|| self.waiting.try_recv().ok()).count();
        if waiting > 0 {
            warn!(
                event = "admin.lost",
                waiting, "messages to the administrator are not sent: the node stops"
            );
        }
    }

    /// The key is the same each time, so that an answer that was lost makes no second message.
    async fn submit(&self, submitter: &Submitter, request: Request) {
        loop {
            match submitter.submit(request.clone()).await {
                Ok(accepted) => {
                    return info!(event = "admin.told", message_id = %accepted.id, "a message to the administrator is accepted");
                }
                Err(SubmitError::Full | SubmitError::Propose(_)) => {
                    self.clock.sleep_until(self.clock.now() + AGAIN).await;
                }
                Err(
                    failure @ (SubmitError::KeyReused { .. }
                    | SubmitError::TooLong { .. }
                    | SubmitError::Rejected { .. }),
                ) => {
                    return warn!(event = "admin.lost", %failure, "a message to the administrator is not sent");
                }
            }
        }
    }

    fn request(&self, message: &Message, key: &str) -> Option<Request> {
        let file = format!("To: {}\n\n{}", message.to.reveal(), message.text);
        let document = Document::read(file.as_bytes()).ok()?;
        let configured = self.administrator.told();
        let Configured { messages, files, .. } = &*configured;
        let content = submission::prepare(&document, files, 0).ok()?.content;
        let retries = messages.retries.map(|retries| retries.max(RETRIES_MIN).saturating_add(1));
        Some(Request {
            client: self.client.clone(),
            key: Some(IdempotencyKey::new(key).ok()?),
            content,
            origin: Origin::Api,
            priority: messages.priority,
            uncertain: messages.uncertain,
            not_before: None,
            deadline: messages.validity.map(|validity| self.clock.utc() + validity),
            route: Route::default(),
            attempts_max: retries,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::smsd::{self, Surroundings};

    #[test]
    fn what_is_told_is_one_part_of_plain_characters() {
        assert_eq!(plain("GSM1: a\nb\u{e4}"), "GSM1: a?b?");
        assert_eq!(plain(&"x".repeat(1000)).len(), CHARACTERS_MAX);
    }

    #[test]
    fn a_process_that_runs_as_smsd_tells_in_the_words_of_smsd() {
        let failed = News::Program { program: "eventhandler", exit: &Exit::Code(3), result: "3" };
        let limit = News::MessageLimit(5);

        for (modem, news, smsd, own) in [
            (
                Some("GSM1"),
                failed,
                "Smsd3: GSM1, problem with eventhandler, result 3",
                "Smsnode: GSM1: problem with eventhandler, it returned 3",
            ),
            (
                Some("GSM1"),
                limit,
                "Smsd3: GSM1: Message limit 5 is reached.",
                "Smsnode: GSM1: Message limit 5 is reached.",
            ),
            (
                None,
                failed,
                "Sms3: mainprocess, problem with eventhandler, result 3",
                "Smsnode: the node: problem with eventhandler, it returned 3",
            ),
        ] {
            assert_eq!((in_words_of_smsd(modem, news), in_own_words(modem, news)), (smsd.into(), own.into()));
        }
    }

    #[test]
    fn the_gateway_of_an_smsd_conf_tells_by_the_first_of_devices_that_tells_anybody() {
        let text = "devices = C,B,A\n[A]\ndevice = /dev/a\nadmin_to = 491\n[B]\ndevice = /dev/b\n\
                    admin_to = 492\n[C]\ndevice = /dev/c\n";
        let surroundings = Surroundings { host: "gw-a".to_owned(), data_dir: "/d".to_owned(), api: None };
        let path = Path::new("/etc/smsd.conf");
        let config = smsd::read(path, text.as_bytes(), &surroundings).expect("no fault");
        let (administrator, mut errand) = Administrator::of(&config, &Clock::system());
        administrator.tell(None, News::MessageLimit(1));

        let message = errand.waiting.try_recv().expect("a message");
        assert_eq!((message.to.reveal(), message.text.starts_with("Sms3: ")), ("492", true));
    }

    fn config(settings: &str) -> Config {
        let node = "[node]\nname = \"gw-a\"\ndata_dir = \"/d\"\n";
        Config::parse("smsgrid.toml", &format!("{node}{settings}")).expect("no fault")
    }

    fn waiting(errand: &mut Errand) -> Vec<(String, String)> {
        let next = || errand.waiting.try_recv().ok();
        std::iter::from_fn(next).map(|message| (message.to.reveal().to_owned(), message.text)).collect()
    }

    /// Who is told what, when `tell` is all that happens.
    fn told(settings: &str, tell: impl Fn(&Administrator)) -> Vec<(String, String)> {
        let (administrator, mut errand) = Administrator::of(&config(settings), &Clock::system());
        tell(&administrator);
        waiting(&mut errand)
    }

    #[test]
    fn a_modem_has_the_number_of_its_own_or_that_of_all() {
        let modems = "[modems.A]\nport = \"/dev/a\"\nadmin_to = \"+491\"\n[modems.B]\nport = \"/dev/b\"\n";
        let all = |administrator: &Administrator| {
            for modem in [Some("A"), Some("B"), None] {
                administrator.tell(modem, News::MessageLimit(1));
            }
        };
        let numbers = |settings: &str| told(settings, all).into_iter().map(|(to, _)| to).collect::<Vec<_>>();

        assert_eq!(numbers(&format!("[handlers]\nadmin_to = \"+492\"\n{modems}")), ["491", "492", "492"]);
        // B has nobody, and the node tells of itself whom its first modem tells.
        assert_eq!(numbers(modems), ["491", "491"]);
        assert!(numbers("[modems.A]\nport = \"/dev/a\"\n").is_empty());
    }

    #[test]
    fn another_configuration_says_whom_how_often_and_how_at_once() {
        let with = |to: &str, limit: u8, rest: &str| {
            config(&format!(
                "{rest}[modems.A]\nport = \"/dev/a\"\nadmin_to = \"{to}\"\nadminmessage_limit = {limit}\n\
                 adminmessage_count_clear = \"1h\"\n"
            ))
        };
        let (administrator, mut errand) = Administrator::of(&with("+491", 2, ""), &Clock::system());
        let tell = |modems: &[Option<&str>]| {
            modems.iter().for_each(|modem| administrator.tell(*modem, News::MessageLimit(1)));
        };
        let mut numbers = || waiting(&mut errand).into_iter().map(|(to, _)| to).collect::<Vec<_>>();

        tell(&[Some("A")]);
        assert_eq!(numbers(), ["491"]);
        // The person is another one, also for the gateway; what was counted goes on.
        administrator.take(&with("+492", 2, ""));
        tell(&[None, Some("A")]);
        assert_eq!(numbers(), ["492"]);
        // Another limit counts at once, and anew.
        administrator.take(&with("+492", 3, ""));
        tell(&[Some("A"); 4]);
        assert_eq!(numbers(), ["492"; 3]);
        // Nobody, and then somebody for all.
        administrator.take(&config("[modems.A]\nport = \"/dev/a\"\n"));
        tell(&[Some("A"), None]);
        assert!(numbers().is_empty());
        administrator.take(&config("[handlers]\nadmin_to = \"+493\"\n"));
        tell(&[Some("A"), None]);
        assert_eq!(numbers(), ["493"]);

        let message = Message { to: Address::international("491").expect("a number"), text: "x".to_owned() };
        let priority = |errand: &Errand| errand.request(&message, "key").expect("a message").priority;
        let before = priority(&errand);
        administrator.take(&with("+492", 2, "[messages]\npriority = \"high\"\n"));
        assert_ne!(priority(&errand), before);
    }

    #[test]
    fn what_waits_for_the_log_is_bounded() {
        let often = |administrator: &Administrator| {
            (0..1000).for_each(|_| administrator.tell(None, News::MessageLimit(1)))
        };
        let waiting = told("[handlers]\nadmin_to = \"+491\"\n", often);

        assert_eq!(waiting.len(), WAITING_MAX);
        assert_eq!(waiting[0].1, "Smsnode: the node: Message limit 1 is reached.");
    }
}
