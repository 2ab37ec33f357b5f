//! Who the process is: the user and the group of the configuration, with the groups of the user.

use std::ffi::CString;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, initgroups, setgid, setuid};

/// Mode of the folder for the node's data.
const DATA_DIR_MODE: u32 = 0o700;

/// Becomes `user`, when the process is root's and the user is another one. What the new user could not make for itself,
/// the folder of its data, is made for it first.
///
/// Called before there is a second thread.
pub(super) fn become_user(user: Option<&str>, group: Option<&str>, data_dir: &Path) -> Result<(), String> {
    let Some(name) = user.filter(|name| *name != "root") else { return Ok(()) };
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let found = User::from_name(name).map_err(|errno| cannot("look up", name, errno))?;
    let user = found.ok_or_else(|| format!("User {name} not found. Nothing was started."))?;
    let gid = match group {
        None => user.gid,
        Some(name) => {
            let found = Group::from_name(name).map_err(|errno| cannot("look up group", name, errno))?;
            found.ok_or_else(|| format!("Group {name} not found. Nothing was started."))?.gid
        }
    };
    make_data_dir(data_dir, user.uid, gid)?;
    let c_name = CString::new(name).map_err(|_| format!("User {name} not found. Nothing was started."))?;
    setgid(gid).map_err(|errno| cannot("take the group of", name, errno))?;
    initgroups(&c_name, gid).map_err(|errno| cannot("take the groups of", name, errno))?;
    setuid(user.uid).map_err(|errno| cannot("become", name, errno))
}

fn cannot(what: &str, name: &str, errno: nix::errno::Errno) -> String {
    format!("Cannot {what} {name}: {}. Nothing was started.", errno.desc())
}

/// Makes the folder when it is missing. One that is there keeps its owner: whose it is was somebody's decision.
fn make_data_dir(path: &Path, uid: Uid, gid: Gid) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(DATA_DIR_MODE).create(path);
    let owned = made.and_then(|()| std::os::unix::fs::chown(path, Some(uid.as_raw()), Some(gid.as_raw())));
    owned.map_err(|error| {
        format!("Cannot make {} for the data of smsnode: {error}. Nothing was started.", path.display())
    })
}

/// `USER:GROUP (uid:gid)` of this process, as its log has it.
pub(super) fn running_as() -> String {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    let user = User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    let group = Group::from_gid(gid).ok().flatten().map_or_else(|| gid.to_string(), |group| group.name);
    format!("{user}:{group} ({uid}:{gid})")
}
