//! Acceptance tests of the whole product, by the front door.
