//! x
mod lab;
#[test]
fn up() {
    let l = lab::shared();
    l.deliver("k@kund.test", &["support+x"], b"Subject: hej\n\n.dot\nx\n");
    println!("{}", l.wait_for("support", "INBOX", std::time::Duration::from_secs(5), |t| t.contains("hej")));
    let t = std::time::Instant::now();
    l.kill_server(lab::Server::Dovecot);
    println!("kill {:?}", t.elapsed());
    let t = std::time::Instant::now();
    l.start_server(lab::Server::Dovecot);
    println!("start {:?}", t.elapsed());
    l.stop_server(lab::Server::Postfix);
    l.start_server(lab::Server::Postfix);
}
