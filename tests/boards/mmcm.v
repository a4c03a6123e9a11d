// What a simulation of a design with a clock of its own needs besides: one file, since it runs wherever it stands.
// Times are in ns. Its clock is not steady until it is locked: once there were 2 edges in each of 8 pairs of periods, or
// one more or less.
module MMCME4_BASE #(
  parameter real CLKIN1_PERIOD = 0.0, parameter integer DIVCLK_DIVIDE = 1, parameter real CLKFBOUT_MULT_F = 5.0,
  parameter real CLKOUT0_DIVIDE_F = 1.0
) (input CLKIN1, input CLKFBIN, input PWRDWN, input RST, output CLKFBOUT, output reg CLKOUT0, output LOCKED);
  localparam real VCO_MHZ = 1000.0 * CLKFBOUT_MULT_F / (CLKIN1_PERIOD * DIVCLK_DIVIDE);
  localparam real HALF = 500.0 * CLKOUT0_DIVIDE_F / VCO_MHZ;
  integer steady = 0, seen = 0, edges = 0;
  assign LOCKED = steady == 8;
  assign CLKFBOUT = CLKIN1;
  initial begin
    CLKOUT0 = 1'b0;
    if (VCO_MHZ < 800.0 || VCO_MHZ > 1600.0 || HALF < 500.0 / 775.0) begin
      $display("illegal settings of an MMCM");
      $finish;
    end
  end
  always @(posedge CLKIN1) edges <= edges + 1;
  always begin
    #(2 * CLKIN1_PERIOD);
    if (RST | PWRDWN | CLKFBIN !== CLKFBOUT | edges < seen + 1 | edges > seen + 3) steady = 0;
    else if (!LOCKED) steady = steady + 1;
    seen = edges;
  end
  always begin
    if (LOCKED) #(HALF);
    else #(HALF / 3);
    CLKOUT0 = ~CLKOUT0;
  end
endmodule
