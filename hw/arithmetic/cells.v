// The adder cells that the technology "cells" instantiates. Map them to the full and half adders of a library (in
// synthesis, by a file of your own in place of this one), or leave them: they are synthesizable as they are.
// Every case has the same file: of several in one design, compilers that read them together take one.

`ifndef QUADCIM_CELLS
`define QUADCIM_CELLS
`default_nettype none

module quadcim_full_adder (
  input wire a,
  input wire b,
  input wire c,
  output wire sum,
  output wire carry
);
  assign sum = a ^ b ^ c;
  assign carry = (a & b) | (c & (a ^ b));
endmodule

module quadcim_half_adder (
  input wire a,
  input wire b,
  output wire sum,
  output wire carry
);
  assign sum = a ^ b;
  assign carry = a & b;
endmodule

`default_nettype wire
`endif
