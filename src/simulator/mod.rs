//! A modem, its SIM and its network, driven by bytes and a time.
