//! What a message file means and where it goes.

use super::*;

#[test]
fn routes_are_read_in_their_order_and_take_every_number_unless_they_say_which() {
    let config = read(
        "[spool]\ndir = \"/spool\"\nblacklist = \"/etc/black\"\nqueue_header = false\n\
         [[spool.routes]]\ntag = \"D1\"\nprefixes = [\"49171\", \"s\"]\n[[spool.routes]]\ntag = \"none\"\nprefixes = []\n\
         [[spool.routes]]\ntag = \"rest\"\n",
    );

    let spool = config.spool.as_ref().expect("a spool");
    assert_eq!(
        (spool.blacklist.as_deref(), spool.whitelist.as_deref()),
        (Some(Path::new("/etc/black")), None)
    );
    assert!(!spool.routing.heeds_queue);
    let routes: Vec<(&str, usize)> =
        spool.routing.routes.iter().map(|route| (route.tag.as_str(), route.prefixes.len())).collect();
    assert_eq!(routes, [("D1", 2), ("none", 0), ("rest", 11)]);
    let again = Config::parse("again", config.effective()).expect("the effective file is right");
    assert_eq!(again.spool.map(|spool| spool.routing), config.spool.map(|spool| spool.routing));
}

#[test]
fn files_go_by_their_age_unless_the_folder_decides() {
    let order = |settings: &str| {
        let spool = read(&format!("[spool]\ndir = \"/spool\"\n{settings}")).spool.expect("a spool");
        spool.directory_order
    };
    assert!(!order("") && order("directory_order = true\n"));
}

#[test]
fn files_keep_their_names_unless_it_is_said() {
    let names = |settings: &str| {
        let spool = read(&format!("[spool]\ndir = \"/spool\"\n{settings}")).spool.expect("a spool");
        (spool.keep_filename, spool.store_original_filename, spool.filename_preview)
    };
    assert_eq!(names(""), (true, true, 0));
    let made = "keep_filename = false\nstore_original_filename = false\nfilename_preview = 255\n";
    assert_eq!(names(made), (false, false, 255));
}

#[test]
fn routes_that_cannot_be_are_refused() {
    for (routes, words) in [
        ("routes = \"D1\"\n", "is not a list"),
        ("[[spool.routes]]\nprefixes = [\"1\"]\n", "lacks `tag`"),
        ("[[spool.routes]]\ntag = \"A\"\nprefixes = [\"+49\"]\n", "is not the beginning of a number"),
        ("[[spool.routes]]\ntag = \"A\"\nprefix = \"1\"\n", "`prefix` is not a setting"),
        ("[[spool.routes]]\ntag = \"A\"\n[[spool.routes]]\ntag = \"A\"\n", "have the tag A"),
    ] {
        let problem = fault(&format!("[spool]\ndir = \"/spool\"\n{routes}"));
        assert!(problem.title.contains(words), "{routes}: {}", problem.title);
    }
    let many: String = (0..65).map(|tag| format!("[[spool.routes]]\ntag = \"t{tag}\"\n")).collect();
    assert!(fault(&format!("[spool]\ndir = \"/spool\"\n{many}")).title.contains("has 65 routes"));
}

#[test]
fn what_a_file_means_is_smsd_s_own_unless_it_is_said() {
    let config = read("");
    assert_eq!(config.files.settings, sms_file::Settings::default());
    assert_eq!((config.files.message_ids, config.files.keep_pdus), (MessageIds::Last, KeepPdus::Failed));

    let config = read(
        "[files]\nalphabet = \"utf-8\"\nautosplit = 1\ncs_convert = false\ncs_convert_optical = false\n\
         outgoing_utf8 = false\ntrim_text = false\nreply_path = true\ninternational_prefixes = [\"49\"]\n\
         national_prefixes = [\"0\"]\nnational_toa_unknown = true\nlanguage = \"turkish\"\nlanguage_ext = \"2\"\n\
         notice_ucs2 = 0\ndatetime_format = \"%d.%m.%Y\"\npriority_header = false\nmessage_ids = 3\nstore_sent_pdu = 2\n",
    );

    let expected = sms_file::Settings {
        charset: Charset::Utf8,
        autosplit: Autosplit::Plain,
        convert: false,
        optical: false,
        utf8_in_iso: false,
        trim: false,
        reply_path: true,
        international_prefixes: vec!["49".to_owned()],
        national_prefixes: vec!["0".to_owned()],
        national_type_unknown: true,
        language: Some(Language::Turkish),
        language_ext: Some(Language::Spanish),
        ucs2_notice: Ucs2Notice::Nothing,
        times: sms_file::TimeFormat::new("%d.%m.%Y").expect("a form"),
        priority: false,
        ..sms_file::Settings::default()
    };
    assert_eq!(config.files.settings, expected);
    assert_eq!(
        (config.files.message_ids, config.files.keep_pdus),
        (MessageIds::All, KeepPdus::FailedOrNotText)
    );
    let again = Config::parse("again", config.effective()).expect("the effective file is right");
    assert_eq!(again.files, config.files);
}

#[test]
fn the_key_for_pdus_is_read_and_hidden() {
    let config = read("[files]\ntext_is_pdu_key = \"271828\"\n");

    assert_eq!(config.files.settings.text_is_pdu_key.as_deref(), Some("271828"));
    assert!(!config.effective().contains("271828"));
    assert!(
        fault("[files]\ntext_is_pdu_key = \"\"\n").title.contains("is not the key for files that are PDUs")
    );
}

#[test]
fn the_language_file_is_read_with_the_configuration_and_each_fault_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, german) = (folder.path().join("smsgrid.toml"), folder.path().join("german"));
    std::fs::write(&path, format!("{SMALLEST}[files]\nlanguage_file = {german:?}\n")).expect("a file");
    let load = |octets: &[u8]| {
        std::fs::write(&german, octets).expect("a file");
        Config::load(&path)
    };
    let told = |problems: Vec<smsgrid_proto::Problem>| -> Vec<String> {
        problems.into_iter().map(|problem| problem.title).collect()
    };

    let missing = told(Config::load(&path).expect_err("it is not there"));
    assert_eq!(missing, [format!("cannot read the language file {}", german.display())]);
    let faulty = told(load(b"To = An:\nTo: = An:\nFrom: = -\n").expect_err("two lines are wrong"));
    assert_eq!(faulty.len(), 2, "{faulty:?}");
    let begins = |line| format!("language file {} line {line}: ", german.display());
    assert!(faulty[0].starts_with(&begins(1)) && faulty[1].starts_with(&begins(3)), "{faulty:?}");
    let large = told(load(&vec![b'#'; 70_000]).expect_err("too large"));
    assert!(large[0].contains("more than 65536 octets"), "{large:?}");
    let config = load(b"To: = An:\n").expect("no fault");
    assert!(config.files.settings.translation != Default::default());
    assert!(config.effective().contains("language_file = "), "{}", config.effective());

    std::fs::remove_file(&german).expect("ours");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &german,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a FIFO");
    assert_eq!(Config::load(&path).expect_err("a FIFO")[0].why.as_deref(), Some("it is no regular file"));
}

#[test]
fn what_no_file_can_mean_is_refused() {
    for (line, words) in [
        ("autosplit = 4", "is too large"),
        ("message_ids = 0", "is too small"),
        ("language = \"klingon\"", "is not a national language"),
        ("language = \"basic\"", "is not a national language"),
        ("alphabet = \"latin\"", "is not a character set"),
        ("national_prefixes = [\"+49\"]", "is not the beginning of a number"),
    ] {
        let problem = fault(&format!("[files]\n{line}\n"));
        assert!(problem.title.contains(words), "{line}: {}", problem.title);
    }
}
