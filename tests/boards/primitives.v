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
