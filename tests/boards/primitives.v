// What a simulation of the board's self-test needs of the vendor's primitives.
module IBUF(input I, output O); assign O = I; endmodule
module IBUFDS(input I, input IB, output O); assign O = I & ~IB; endmodule
module OBUFT(input I, input T, output O); assign O = T ? 1'bz : I; endmodule
module STARTUPE3(output EOS); reg eos = 0; assign EOS = eos; initial #33 eos = 1; endmodule
module BUFGCE #(parameter SIM_DEVICE = "") (input CE, input I, output O); assign O = CE & I; endmodule
module FDPE #(parameter INIT = 1'b1) (input C, input CE, input D, input PRE, output reg Q);
  initial Q = INIT;
  always @(posedge C or posedge PRE) if (PRE) Q <= 1'b1; else if (CE) Q <= D;
endmodule
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
