//! A bare Debian in a directory, entered by chroot in mount points of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::lab::Lab;
use crate::lab::provider::Provider;

const SUITE: &str = "bookworm";
/// What a person's machine has and a bare root has not: certificates, and a program to write and read mail by hand.
const INCLUDED: &str = "ca-certificates,adduser,curl";

fn target() -> PathBuf {
    let exe = Path::new(env!("CARGO_BIN_EXE_svar"));
    exe.ancestors().nth(2).expect("the target directory").join("fresh")
}

fn done(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let words = [output.stdout.clone(), output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&words));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The root as Debian makes it, kept for the next run.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let base = target().join(SUITE);
        if !base.exists() {
            // Under another name until it is whole.
            let making = target().join(format!("{SUITE}.{}", std::process::id()));
            fs::create_dir_all(&making).expect("a directory");
            let include = format!("--include={INCLUDED}");
            done(
                Command::new("debootstrap")
                    .args(["--variant=minbase", &include, SUITE])
                    .arg(&making)
                    .arg("http://deb.debian.org/debian"),
            );
            fs::rename(&making, &base).expect("the root is put in its place");
        }
        base
    })
}

/// The package of the binary under test, without its debug information, at a version.
pub fn package(version: &str, root: &Root) -> String {
    let work = root.path.join("packages");
    fs::create_dir_all(&work).expect("a directory");
    let binary = work.join(".svar");
    done(Command::new("objcopy").arg("--strip-debug").arg(env!("CARGO_BIN_EXE_svar")).arg(&binary));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/deb");
    done(Command::new(script).arg(&binary).arg(&work).env("SVAR_VERSION", version).env("SVAR_COMPRESSION", "none"));
    fs::remove_file(&binary).expect("the copy is removed");
    format!("/packages/svar_{version}_amd64.deb")
}

/// A root of a test's own, with a shell in it that lives as long as the test. Everything is gone at its end.
#[derive(Debug)]
pub struct Root {
    pub path: PathBuf,
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
}

/// No command takes longer, on a busy machine either.
const LONGEST: Duration = Duration::from_secs(180);
/// Ends what a command prints; its exit status follows.
const END: &str = "\u{1}end ";

impl Root {
    pub fn fresh(name: &str) -> Self {
        let path = target().join(format!("{name}.{}", std::process::id()));
        done(Command::new("cp").arg("-a").arg(base()).arg(&path));
        for file in ["hosts", "resolv.conf"] {
            fs::copy(Path::new("/etc").join(file), path.join("etc").join(file)).expect("the network's names");
        }
        // Mounts are this shell's own: they are gone with it.
        let enter =
            "mount --bind /proc \"$0/proc\" && mount --rbind /dev \"$0/dev\" && exec chroot \"$0\" /bin/bash --norc";
        let mut child = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "bash", "-c", enter])
            .arg(&path)
            .env_clear()
            .envs([
                ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                ("HOME", "/root"),
                ("LC_ALL", "C.UTF-8"),
                ("COLUMNS", "80"),
                ("TERM", "dumb"),
            ])
            .envs([("DEBIAN_FRONTEND", "noninteractive")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let input = child.stdin.take().expect("a pipe");
        let printed = BufReader::new(child.stdout.take().expect("a pipe"));
        let (line, output) = channel();
        std::thread::spawn(move || printed.lines().map_while(Result::ok).for_each(|text| drop(line.send(text))));
        let root = Self { path, shell: Mutex::new(Shell { child, input, output }) };
        root.run("exec 2>&1; cd /root");
        root
    }

    /// What a command prints, its complaints included. Panics unless it ends well.
    pub fn run(&self, command: &str) -> String {
        let (status, printed) = self.tried(command);
        assert_eq!(status, 0, "{command}: exit {status}\n{printed}");
        printed
    }

    /// Runs a command in the shell of this root: its exit status and what it printed.
    pub fn tried(&self, command: &str) -> (i32, String) {
        let mut shell = self.shell.lock().expect("no test panicked with it");
        // A file of its own: whatever quotes and here-documents are in it, the shell reads on after it.
        fs::write(self.path.join("root/.command"), command).expect("the command is written down");
        writeln!(shell.input, ". /root/.command </dev/null; printf '\\n{END}%s\\n' $?")
            .expect("the shell takes a command");
        let mut printed = String::new();
        loop {
            let line = shell.output.recv_timeout(LONGEST);
            let line = line.unwrap_or_else(|e| panic!("{e} in: {command}\n{printed}"));
            if let Some(status) = line.strip_prefix(END) {
                // The line end before the mark is ours.
                printed.pop();
                return (status.trim().parse().expect("an exit status"), printed);
            }
            printed.push_str(&line);
            printed.push('\n');
        }
    }

    /// Lets this root know a lab: its ports, its certificate's authority, its password, where one signs in.
    pub fn take(&self, lab: &Lab, provider: &Provider) {
        let dir = self.path.join("root/lab");
        fs::create_dir_all(&dir).expect("a directory");
        fs::copy(lab.ca(), dir.join("ca.pem")).expect("the authority");
        let ports = [("IMAPS", 993), ("SMTPS", 465), ("MX", 25)]
            .map(|(name, offset)| format!("export LAB_{name}={}\n", lab.port(offset)));
        let sign_in = format!("export LAB_SIGN_IN={}\n", provider.url("").trim_end_matches('/'));
        fs::write(dir.join("env.sh"), ports.concat() + &sign_in).expect("the ports");
        fs::write(dir.join("password"), format!("{}\n", crate::lab::PASSWORD)).expect("the password");
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Ok(shell) = self.shell.get_mut() {
            drop(shell.child.kill());
            drop(shell.child.wait());
        }
        drop(Command::new("rm").arg("-rf").arg("--one-file-system").arg(&self.path).status());
    }
}
