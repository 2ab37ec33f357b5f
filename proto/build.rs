//! Compiles every `.proto` below `smsgrid/` without `protoc`, and makes a table of the role each method needs.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use protox::prost_reflect::{DescriptorPool, MethodDescriptor};

/// The packages with a module in `lib.rs`.
const PACKAGES: [&str; 2] = ["smsgrid.v1", "smsgrid.internal.v1"];
/// The packages whose methods are called by people and programs outside.
const PUBLIC: &str = "smsgrid.v1";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    println!("cargo::rerun-if-changed=smsgrid");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(files(Path::new("smsgrid"))?)?;
    fs::write(out.join("smsgrid.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("roles.rs"), roles(&compiler.descriptor_pool())?)?;
    tonic_prost_build::configure()
        .bytes(".smsgrid.internal.v1")
        .compile_fds(compiler.file_descriptor_set())?;
    for package in PACKAGES {
        let file = out.join(format!("{package}.rs"));
        if !file.exists() {
            fs::write(file, "")?;
        }
    }
    Ok(())
}

/// Every `.proto` at or below `folder`, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The table of path and role, or the name of a public method that has no role.
fn roles(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("&[\n");
    let public = pool.services().filter(|service| service.parent_file().package_name() == PUBLIC);
    for method in public.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let role = role(pool, &method).ok_or_else(|| format!("{path} names no role"))?;
        writeln!(table, "    ({path:?}, {role}),")?;
    }
    Ok(table + "]\n")
}

fn role(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<i32> {
    let option = pool.get_extension_by_name("smsgrid.v1.role")?;
    method.options().get_extension(&option).as_enum_number().filter(|role| *role > 0)
}
