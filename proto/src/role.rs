//! The role each public method needs, as its `.proto` says.

use crate::v1::Role;

/// Every public method as its path (`/package.Service/Method`), with the number of the least role that may call it.
pub const METHODS: &[(&str, i32)] = include!(concat!(env!("OUT_DIR"), "/roles.rs"));

/// The least role that may call the method with this path; none for a path that is no public method.
pub fn role_of(path: &str) -> Option<Role> {
    let (_, role) = METHODS.iter().find(|(method, _)| *method == path)?;
    Role::try_from(*role).ok()
}

#[test]
fn every_public_method_names_the_role_it_needs() {
    assert!(METHODS.len() >= 20, "{METHODS:?}");
    for (path, _) in METHODS {
        assert!(role_of(path).is_some_and(|role| role != Role::Unspecified), "{path}");
    }
    assert_eq!(role_of("/smsgrid.v1.MessageService/Submit"), Some(Role::Sender));
    assert_eq!(role_of("/smsgrid.v1.MessageService/Resolve"), Some(Role::Operator));
    assert_eq!(role_of("/smsgrid.v1.MessageService/Nothing"), None);
}
