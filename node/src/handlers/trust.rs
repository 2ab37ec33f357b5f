//! Whether a program may be run: nobody but root and this user can have changed it, or put another in its place.

use std::borrow::Cow;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use smsgrid::worker::handlers::Command;

/// Bits of a mode that let others write.
const OTHERS_WRITE: u32 = 0o022;
/// In such a folder everybody changes only what is his.
const STICKY: u32 = 0o1000;

/// The file behind `program`, links followed, if it may be run.
pub(super) fn resolve(program: &Path) -> Result<PathBuf, String> {
    executable(program)?;
    let path = program.canonicalize().map_err(|error| error.to_string())?;
    let metadata = path.metadata().map_err(|error| error.to_string())?;
    if metadata.mode() & OTHERS_WRITE != 0 || !is_ours(&metadata) {
        return Err(format!("{} can be changed by others: {}", path.display(), described(&metadata)));
    }
    for folder in path.ancestors().skip(1) {
        let metadata = folder.metadata().map_err(|error| error.to_string())?;
        let is_open = metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0;
        if is_open || !is_ours(&metadata) {
            let (folder, described) = (folder.display(), described(&metadata));
            return Err(format!(
                "{} can be replaced by others: folder {folder}: {described}",
                path.display()
            ));
        }
    }
    Ok(path)
}

/// What smsd looks at before it starts: a file, readable and executable for this process.
pub(super) fn executable(program: &Path) -> Result<(), String> {
    let metadata = program.metadata().map_err(|error| format!("{}: {error}", program.display()))?;
    if !metadata.is_file() {
        return Err(format!("{} is no file", program.display()));
    }
    rustix::fs::access(program, Access::READ_OK | Access::EXEC_OK)
        .map_err(|error| format!("{} is not executable: {error}", program.display()))
}

/// `command` as it is executed: a line that is the path of a program with blanks in it is that program, unless its first
/// word is one.
pub(super) fn whole(command: &Command) -> Cow<'_, Command> {
    let Command::Line(line) = command else { return Cow::Borrowed(command) };
    let path = line.trim();
    let is_path = path.contains(' ')
        && executable(Path::new(command.program())).is_err()
        && executable(Path::new(path)).is_ok();
    if is_path { Cow::Owned(Command::Direct(vec![path.to_owned()])) } else { Cow::Borrowed(command) }
}

fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || metadata.uid() == rustix::process::geteuid().as_raw()
}

fn described(metadata: &Metadata) -> String {
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    let user = rustix::process::geteuid();
    format!("mode {mode:04o}, owner uid {owner}; smsnode runs as uid {}", user.as_raw())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_program_others_may_change_or_replace_is_not_run() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, program) = (root.path().join("bin"), root.path().join("bin/handler"));
        fs::create_dir(&folder).expect("room");
        fs::write(&program, "#!/bin/sh\n").expect("room");
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
        mode(&program, 0o755);
        mode(&folder, 0o755);
        assert_eq!(resolve(&program), Ok(program.canonicalize().expect("a file")));

        for (path, wrong, right, words) in [
            (&program, 0o775, 0o755, "can be changed by others: mode 0775"),
            (&program, 0o757, 0o755, "can be changed by others: mode 0757"),
            (&program, 0o644, 0o755, "is not executable"),
            (&folder, 0o777, 0o755, "can be replaced by others: folder"),
        ] {
            mode(path, wrong);
            let why = resolve(&program).expect_err("not to be trusted");
            assert!(why.contains(words), "{why}");
            mode(path, right);
        }
        mode(&folder, 0o1777);
        assert!(resolve(&program).is_ok());
    }

    #[test]
    fn a_link_counts_as_what_it_leads_to_and_a_folder_is_no_program() {
        let root = tempfile::tempdir().expect("a folder");
        let link = root.path().join("link");
        symlink("/bin/sh", &link).expect("room");
        assert_eq!(resolve(&link), Ok(Path::new("/bin/sh").canonicalize().expect("a shell")));

        assert!(resolve(root.path()).expect_err("a folder").contains("is no file"));
        assert!(resolve(&root.path().join("none")).expect_err("nothing").contains("none: No such file"));
    }

    #[test]
    fn a_line_that_is_the_path_of_a_program_is_that_program_unless_its_first_word_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("on sms");
        let line = Command::Line(format!("{} ", path.display()));
        let program = |path: &Path| {
            fs::write(path, "#!/bin/sh\n").expect("room");
            fs::set_permissions(path, Permissions::from_mode(0o755)).expect("ours");
        };
        assert_eq!(*whole(&line), line, "nothing is there");

        program(&path);
        assert_eq!(*whole(&line), Command::Direct(vec![path.display().to_string()]));
        let with_word = Command::Line(format!("{} SENT", path.display()));
        assert_eq!(*whole(&with_word), with_word);

        program(&folder.path().join("on"));
        assert_eq!(*whole(&line), line);
    }
}
