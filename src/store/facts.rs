//! What is known of tickets.
