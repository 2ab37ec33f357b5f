//! Alphabets of 3GPP TS 23.038 and the segmentation of a text into parts.
