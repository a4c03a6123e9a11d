"""What a target adds to a case: VCU128 and 28 nm ASIC."""
