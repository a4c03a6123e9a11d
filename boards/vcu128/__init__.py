"""The AMD VCU128: AXI4-Stream wrapper, designs for the board, and scripts."""
