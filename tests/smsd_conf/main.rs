//! smsd.conf files of very different kinds: each is converted with a word about every line, and the node takes what
//! comes out. The files of `data/` hold what was converted, what was told of it, and every setting smsd knows.

mod files;
mod settings;
