//! The modem dialogue, driven by bytes and a time (3GPP TS 27.005, TS 27.007).
