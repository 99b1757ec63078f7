//! Any bytes as all that an SMTP server says, then silence: each recipient has one fate, and none is sure without a reply.
#![no_main]

#[path = "../server.rs"]
mod server;

use std::sync::Arc;

use svar::model::Address;
use svar::net::smtp::Connection;
use svar::net::{Delivery, Wire};

libfuzzer_sys::fuzz_target!(|said: &[u8]| {
    server::play(said, |account| async move {
        let Ok(mut connection) = Connection::connect(&account, "desk.example.test", server::TIMEOUTS).await else {
            return;
        };
        let address = |text: &str| Address::parse(text).expect("an address");
        let wire = Wire {
            from: Some(address("s@example.test")),
            to: vec![address("a@kund.test"), address("b@kund.test")],
            bytes: Arc::new(b"Subject: x\r\n\r\n.hej\r\n".to_vec()),
        };
        for _ in 0..2 {
            if !connection.is_usable() {
                break;
            }
            let Ok(fates) = connection.send(&wire).await else { continue };
            assert_eq!(fates.iter().map(|(to, _)| to).collect::<Vec<_>>(), wire.to.iter().collect::<Vec<_>>());
            for (_, fate) in &fates {
                if let Delivery::Accepted { reply } = fate {
                    assert!(reply.starts_with('2'), "{reply:?}");
                }
            }
        }
        connection.quit().await;
    });
});
