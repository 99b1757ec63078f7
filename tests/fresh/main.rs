//! The packages as somebody without Rust meets them: in a fresh Debian root, with nothing of this machine's but its network.
//!
//! `docs/TRY.md` is played there word for word. Needs root and debootstrap (`tests/run` installs it); the bare root is made once
//! and kept under `target/`.

#[path = "../lab/mod.rs"]
mod lab;
mod page;
mod root;

use root::{Root, package};

/// What stands below a directory, with owners and modes; what other packages write about their own work is left out.
fn listing(root: &Root, of: &str) -> String {
    root.run(&format!("find {of} -printf '%M %u %g %p\\n' 2>/dev/null | sort -k4"))
}

#[test]
fn the_package_installs_upgrades_and_goes() {
    let root = Root::fresh("package");
    let everywhere = "/etc /usr /lib/systemd /var/lib/svar -name '*svar*'";
    let first = package("0.1.0", &root);
    root.run(&format!("dpkg -i {first}"));

    // The service's user, and directories that it and root can use as the papers say.
    assert!(root.run("id svar").contains("groups="), "the user is made");
    assert_eq!(root.run("stat -c '%A %U %G' /etc/svar /var/lib/svar"), "drwxr-s--- root svar\ndrwx------ svar svar\n");
    assert_eq!(root.run("svar --version"), "svar 0.1.0\n");
    assert!(root.run("zcat /usr/share/man/man1/svar.1.gz").contains("SVAR CHECK"), "the manual page has its commands");
    assert!(root.run("bash -n /usr/share/bash-completion/completions/svar && echo sound").contains("sound"));
    assert!(root.run("cat /usr/share/doc/svar/config.example.toml").contains("[[mailbox]]"));
    assert!(root.run("dpkg --verify svar").is_empty(), "what is installed is what was packed");

    // An upgrade leaves what the operator has written.
    root.run("echo 'RUST_LOG=debug' >> /etc/default/svar; echo '# mine' > /etc/svar/config.toml; runuser -u svar -- touch /var/lib/svar/svar.db");
    let second = package("0.1.1", &root);
    root.run(&format!("dpkg -i {second} </dev/null"));
    assert!(root.run("dpkg-query -W svar").contains("0.1.1"));
    assert!(root.run("cat /etc/default/svar").contains("RUST_LOG=debug"));
    assert_eq!(root.run("cat /etc/svar/config.toml"), "# mine\n");
    assert_eq!(root.run("stat -c '%A %U' /var/lib/svar/svar.db"), "-rw-r--r-- svar\n");

    // What customers wrote outlives the program; its place is said.
    let said = root.run("dpkg --purge svar 2>&1");
    assert!(said.contains("/var/lib/svar"), "{said}");
    assert_eq!(root.run("ls /var/lib/svar"), "svar.db\n");
    assert!(root.run("ls -d /etc/svar /etc/default/svar 2>&1 || true").contains("No such file"));

    // Without a database nothing is left, not even the user.
    root.run(&format!("rm -rf /var/lib/svar && dpkg -i {first} && dpkg --purge svar"));
    assert_eq!(listing(&root, everywhere), "");
    assert_eq!(root.run("getent passwd svar || echo nobody"), "nobody\n");
}

#[test]
fn the_session_on_the_page_is_what_happens() {
    let root = Root::fresh("try");
    let provider = lab::provider::Provider::start();
    let lab = lab::Lab::start_with_tokens(&provider);
    root.take(&lab, &provider);
    let package = package("0.1.0", &root);
    root.run(&format!("ln -s {package} /root/"));
    page::play("docs/TRY.md", &root, &lab);
}
