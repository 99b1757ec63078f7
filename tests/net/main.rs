//! The transports against real servers, and against servers that do what servers should not.

mod audit;
mod certificates;
mod imap;
#[path = "../lab/mod.rs"]
mod lab;
mod oauth;
mod providers;
mod restart;
mod rogue;
mod rogue_imap;
mod rogue_smtp;
mod slip;
mod smtp;

use std::time::Duration;

use svar::net::stream::Timeouts;

/// Long enough for a loaded machine, short enough for a test of silence.
const PATIENT: Timeouts =
    Timeouts { connect: Duration::from_secs(20), command: Duration::from_secs(20), verdict: Duration::from_secs(20) };

/// For servers that are silent on purpose.
const HASTY: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    command: Duration::from_millis(300),
    verdict: Duration::from_millis(300),
};

/// For real servers, some of which are asked in the wrong way and wait.
const BRISK: Timeouts =
    Timeouts { connect: Duration::from_secs(10), command: Duration::from_secs(3), verdict: Duration::from_secs(10) };
