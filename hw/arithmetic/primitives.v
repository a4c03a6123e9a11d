// Simulation models of the UltraScale and UltraScale+ primitives that the technology "ultrascale" instantiates, written
// from their documented behaviour (UG574, UG579, UG974). They are for simulation only: synthesis takes the vendor's.
//
// They lack the outputs of what they do not do, and a setting that they do not have stops the simulation.

// Every case has the same file: of several in one design, compilers that read them together take one.

`ifndef QUADCIM_PRIMITIVES
`define QUADCIM_PRIMITIVES
`default_nettype none

// Two look-up tables of five inputs, or one of six: O5 reads the lower half of INIT, O6 all of it.
module LUT6_2 #(
  parameter [63:0] INIT = 64'h0
) (
  input wire I0,
  input wire I1,
  input wire I2,
  input wire I3,
  input wire I4,
  input wire I5,
  output wire O5,
  output wire O6
);
  wire [63:0] upper = INIT >> {I5, I4, I3, I2, I1, I0};
  wire [63:0] lower = INIT >> {1'b0, I4, I3, I2, I1, I0};
  assign O6 = upper[0];
  assign O5 = lower[0];
endmodule

// Eight carry multiplexers and eight exclusive-ors, as one chain or as two of four.
module CARRY8 #(
  parameter CARRY_TYPE = "SINGLE_CY8"
) (
  input wire CI,
  input wire CI_TOP,
  input wire [7:0] DI,
  input wire [7:0] S,
  output wire [7:0] CO,
  output wire [7:0] O
);
  // The carries have a wire each, so that simulators see no loop.
  wire c0 = S[0] ? CI : DI[0];
  wire c1 = S[1] ? c0 : DI[1];
  wire c2 = S[2] ? c1 : DI[2];
  wire c3 = S[3] ? c2 : DI[3];
  wire middle = CARRY_TYPE == "DUAL_CY4" ? CI_TOP : c3;
  wire c4 = S[4] ? middle : DI[4];
  wire c5 = S[5] ? c4 : DI[5];
  wire c6 = S[6] ? c5 : DI[6];
  wire c7 = S[7] ? c6 : DI[7];
  assign CO = {c7, c6, c5, c4, c3, c2, c1, c0};
  assign O = S ^ {c6, c5, c4, middle, c2, c1, c0, CI};

  generate
    if (CARRY_TYPE != "SINGLE_CY8" && CARRY_TYPE != "DUAL_CY4")
      begin : refused quadcim_unsupported #(.WHAT("CARRY8: CARRY_TYPE")) setting (); end
  endgenerate
endmodule

// Eight memories of 32 words of two bits with one write port, which H also reads, and seven more read ports.
module RAM32M16 #(
  parameter [63:0] INIT_A = 64'h0,
  parameter [63:0] INIT_B = 64'h0,
  parameter [63:0] INIT_C = 64'h0,
  parameter [63:0] INIT_D = 64'h0,
  parameter [63:0] INIT_E = 64'h0,
  parameter [63:0] INIT_F = 64'h0,
  parameter [63:0] INIT_G = 64'h0,
  parameter [63:0] INIT_H = 64'h0,
  parameter [0:0] IS_WCLK_INVERTED = 1'b0
) (
  input wire [4:0] ADDRA,
  input wire [4:0] ADDRB,
  input wire [4:0] ADDRC,
  input wire [4:0] ADDRD,
  input wire [4:0] ADDRE,
  input wire [4:0] ADDRF,
  input wire [4:0] ADDRG,
  input wire [4:0] ADDRH,
  input wire [1:0] DIA,
  input wire [1:0] DIB,
  input wire [1:0] DIC,
  input wire [1:0] DID,
  input wire [1:0] DIE,
  input wire [1:0] DIF,
  input wire [1:0] DIG,
  input wire [1:0] DIH,
  input wire WCLK,
  input wire WE,
  output wire [1:0] DOA,
  output wire [1:0] DOB,
  output wire [1:0] DOC,
  output wire [1:0] DOD,
  output wire [1:0] DOE,
  output wire [1:0] DOF,
  output wire [1:0] DOG,
  output wire [1:0] DOH
);
  reg [63:0] a = INIT_A, b = INIT_B, c = INIT_C, d = INIT_D, e = INIT_E, f = INIT_F, g = INIT_G, h = INIT_H;
  assign DOA = a[{ADDRA, 1'b0} +: 2];
  assign DOB = b[{ADDRB, 1'b0} +: 2];
  assign DOC = c[{ADDRC, 1'b0} +: 2];
  assign DOD = d[{ADDRD, 1'b0} +: 2];
  assign DOE = e[{ADDRE, 1'b0} +: 2];
  assign DOF = f[{ADDRF, 1'b0} +: 2];
  assign DOG = g[{ADDRG, 1'b0} +: 2];
  assign DOH = h[{ADDRH, 1'b0} +: 2];

  always @(posedge WCLK)
    if (WE) begin
      a[{ADDRH, 1'b0} +: 2] <= DIA;
      b[{ADDRH, 1'b0} +: 2] <= DIB;
      c[{ADDRH, 1'b0} +: 2] <= DIC;
      d[{ADDRH, 1'b0} +: 2] <= DID;
      e[{ADDRH, 1'b0} +: 2] <= DIE;
      f[{ADDRH, 1'b0} +: 2] <= DIF;
      g[{ADDRH, 1'b0} +: 2] <= DIG;
      h[{ADDRH, 1'b0} +: 2] <= DIH;
    end

  generate
    if (IS_WCLK_INVERTED)
      begin : refused quadcim_unsupported #(.WHAT("RAM32M16: IS_WCLK_INVERTED")) setting (); end
  endgenerate
endmodule

// Pre-adder, multiplier and four-input adder, 48 bits, with optional registers. Not modelled: cascades other than PCIN
// and PCOUT, carries other than CARRYIN, patterns, SIMD, wide exclusive-ors, and logic functions.
module DSP48E2 #(
  parameter integer ACASCREG = 1,
  parameter integer ADREG = 1,
  parameter integer ALUMODEREG = 1,
  parameter AMULTSEL = "A",
  parameter integer AREG = 1,
  parameter AUTORESET_PATDET = "NO_RESET",
  parameter AUTORESET_PRIORITY = "RESET",
  parameter A_INPUT = "DIRECT",
  parameter integer BCASCREG = 1,
  parameter BMULTSEL = "B",
  parameter integer BREG = 1,
  parameter B_INPUT = "DIRECT",
  parameter integer CARRYINREG = 1,
  parameter integer CARRYINSELREG = 1,
  parameter integer CREG = 1,
  parameter integer DREG = 1,
  parameter integer INMODEREG = 1,
  parameter [3:0] IS_ALUMODE_INVERTED = 4'b0,
  parameter [0:0] IS_CARRYIN_INVERTED = 1'b0,
  parameter [0:0] IS_CLK_INVERTED = 1'b0,
  parameter [4:0] IS_INMODE_INVERTED = 5'b0,
  parameter [8:0] IS_OPMODE_INVERTED = 9'b0,
  parameter [0:0] IS_RSTALLCARRYIN_INVERTED = 1'b0,
  parameter [0:0] IS_RSTALUMODE_INVERTED = 1'b0,
  parameter [0:0] IS_RSTA_INVERTED = 1'b0,
  parameter [0:0] IS_RSTB_INVERTED = 1'b0,
  parameter [0:0] IS_RSTCTRL_INVERTED = 1'b0,
  parameter [0:0] IS_RSTC_INVERTED = 1'b0,
  parameter [0:0] IS_RSTD_INVERTED = 1'b0,
  parameter [0:0] IS_RSTINMODE_INVERTED = 1'b0,
  parameter [0:0] IS_RSTM_INVERTED = 1'b0,
  parameter [0:0] IS_RSTP_INVERTED = 1'b0,
  parameter integer MREG = 1,
  parameter integer OPMODEREG = 1,
  parameter PREADDINSEL = "A",
  parameter integer PREG = 1,
  parameter [47:0] RND = 48'h0,
  parameter USE_MULT = "MULTIPLY",
  parameter USE_PATTERN_DETECT = "NO_PATDET",
  parameter USE_SIMD = "ONE48",
  parameter USE_WIDEXOR = "FALSE"
) (
  input wire [29:0] A,
  input wire [29:0] ACIN,
  input wire [3:0] ALUMODE,
  input wire [17:0] B,
  input wire [17:0] BCIN,
  input wire [47:0] C,
  input wire CARRYCASCIN,
  input wire CARRYIN,
  input wire [2:0] CARRYINSEL,
  input wire CEA1,
  input wire CEA2,
  input wire CEAD,
  input wire CEALUMODE,
  input wire CEB1,
  input wire CEB2,
  input wire CEC,
  input wire CECARRYIN,
  input wire CECTRL,
  input wire CED,
  input wire CEINMODE,
  input wire CEM,
  input wire CEP,
  input wire CLK,
  input wire [26:0] D,
  input wire [4:0] INMODE,
  input wire MULTSIGNIN,
  input wire [8:0] OPMODE,
  input wire [47:0] PCIN,
  input wire RSTA,
  input wire RSTALLCARRYIN,
  input wire RSTALUMODE,
  input wire RSTB,
  input wire RSTC,
  input wire RSTCTRL,
  input wire RSTD,
  input wire RSTINMODE,
  input wire RSTM,
  input wire RSTP,
  output wire [47:0] P,
  output wire [47:0] PCOUT
);
  // Registers are 0 after configuration, and a reset is synchronous and goes before the clock enable.

  // Control.
  wire [4:0] inmode_in = INMODE ^ IS_INMODE_INVERTED;
  wire [8:0] opmode_in = OPMODE ^ IS_OPMODE_INVERTED;
  wire [3:0] alumode_in = ALUMODE ^ IS_ALUMODE_INVERTED;
  wire carry_in = CARRYIN ^ IS_CARRYIN_INVERTED;
  reg [4:0] inmode_q = 0;
  reg [8:0] opmode_q = 0;
  reg [2:0] carryinsel_q = 0;
  reg [3:0] alumode_q = 0;
  reg carry_q = 0;
  always @(posedge CLK) begin
    if (RSTINMODE) inmode_q <= 0; else if (CEINMODE) inmode_q <= inmode_in;
    if (RSTCTRL) opmode_q <= 0; else if (CECTRL) opmode_q <= opmode_in;
    if (RSTCTRL) carryinsel_q <= 0; else if (CECTRL) carryinsel_q <= CARRYINSEL;
    if (RSTALUMODE) alumode_q <= 0; else if (CEALUMODE) alumode_q <= alumode_in;
    if (RSTALLCARRYIN) carry_q <= 0; else if (CECARRYIN) carry_q <= carry_in;
  end
  wire [4:0] inmode = INMODEREG == 1 ? inmode_q : inmode_in;
  wire [8:0] opmode = OPMODEREG == 1 ? opmode_q : opmode_in;
  wire [2:0] carryinsel = CARRYINSELREG == 1 ? carryinsel_q : CARRYINSEL;
  wire [3:0] alumode = ALUMODEREG == 1 ? alumode_q : alumode_in;
  wire carry = CARRYINREG == 1 ? carry_q : carry_in;

  // Operands. One register alone is the second one, unless INMODE selects the first.
  reg [29:0] a1_q = 0, a2_q = 0;
  reg [17:0] b1_q = 0, b2_q = 0;
  reg [47:0] c_q = 0;
  reg [26:0] d_q = 0;
  always @(posedge CLK) begin
    if (RSTA) a1_q <= 0; else if (CEA1) a1_q <= A;
    if (RSTA) a2_q <= 0; else if (CEA2) a2_q <= AREG == 2 ? a1_q : A;
    if (RSTB) b1_q <= 0; else if (CEB1) b1_q <= B;
    if (RSTB) b2_q <= 0; else if (CEB2) b2_q <= BREG == 2 ? b1_q : B;
    if (RSTC) c_q <= 0; else if (CEC) c_q <= C;
    if (RSTD) d_q <= 0; else if (CED) d_q <= D;
  end
  wire [29:0] a2 = AREG == 0 ? A : a2_q;
  wire [17:0] b2 = BREG == 0 ? B : b2_q;
  wire [47:0] c = CREG == 1 ? c_q : C;
  wire [26:0] d = DREG == 1 ? d_q : D;

  // Pre-adder, which INMODE gates and turns; no saturation.
  wire gate_a = inmode[1] && PREADDINSEL == "A";
  wire gate_b = inmode[1] && PREADDINSEL == "B";
  wire [26:0] a_in = gate_a ? 27'b0 : inmode[0] && AREG != 0 ? a1_q[26:0] : a2[26:0];
  wire [17:0] b_in = gate_b ? 18'b0 : inmode[4] && BREG != 0 ? b1_q : b2;
  wire [26:0] addend = PREADDINSEL == "A" ? a_in : {{9{b_in[17]}}, b_in};
  wire [26:0] d_in = inmode[2] ? d : 27'b0;
  wire [26:0] ad_in = inmode[3] ? d_in - addend : d_in + addend;
  reg [26:0] ad_q = 0;
  always @(posedge CLK)
    if (RSTD) ad_q <= 0; else if (CEAD) ad_q <= ad_in;
  wire [26:0] ad = ADREG == 1 ? ad_q : ad_in;

  // Multiplier, 27 by 18 bits, signed.
  wire signed [26:0] multiplicand = AMULTSEL == "AD" ? ad : a_in;
  wire signed [17:0] multiplier = BMULTSEL == "AD" ? ad[17:0] : b_in;
  wire signed [44:0] m_in = multiplicand * multiplier;
  reg signed [44:0] m_q = 0;
  always @(posedge CLK)
    if (RSTM) m_q <= 0; else if (CEM) m_q <= m_in;
  wire signed [44:0] m = MREG == 1 ? m_q : m_in;

  // What is not modelled, or undefined by the documentation: the result is unknown, and a clock edge stops the
  // simulation, except in Yosys, which has no gate for that.
  wire product = opmode[1:0] == 2'b01;
  wire reads_p = opmode[8:7] == 2'b01 || opmode[1:0] == 2'b10 || opmode[6:4] == 3'b010 || opmode[6:4] == 3'b110;
  wire undefined = product != (opmode[3:2] == 2'b01) || opmode[6:4] == 3'b100 || opmode[6:4] == 3'b111
    || alumode[3:2] != 2'b00 || carryinsel != 3'b000 || (reads_p && PREG == 0) || (product && USE_MULT == "NONE")
    || (opmode[1:0] == 2'b11 && USE_MULT == "MULTIPLY");
`ifndef YOSYS
  always @(posedge CLK)
    if (undefined === 1'b1) begin
      $display("DSP48E2: unsupported OPMODE %b, ALUMODE %b, CARRYINSEL %b", opmode, alumode, carryinsel);
      $finish;
    end
`endif

  // Multiplexers and adder. The product takes both X and Y.
  reg [47:0] p_q = 0;
  wire [47:0] w = opmode[8:7] == 2'b01 ? p_q : opmode[8:7] == 2'b10 ? RND : opmode[8:7] == 2'b11 ? c : 48'b0;
  wire [47:0] x = opmode[1:0] == 2'b01 ? {{3{m[44]}}, m} : opmode[1:0] == 2'b10 ? p_q
    : opmode[1:0] == 2'b11 ? {a2, b2} : 48'b0;
  wire [47:0] y = opmode[3:2] == 2'b10 ? {48{1'b1}} : opmode[3:2] == 2'b11 ? c : 48'b0;
  wire [47:0] z = opmode[6:4] == 3'b001 ? PCIN : opmode[6:4] == 3'b010 ? p_q : opmode[6:4] == 3'b011 ? c
    : opmode[6:4] == 3'b101 ? {{17{PCIN[47]}}, PCIN[47:17]} : opmode[6:4] == 3'b110 ? {{17{p_q[47]}}, p_q[47:17]}
    : 48'b0;
  wire [47:0] others = w + x + y + {47'b0, carry};
  wire [47:0] sum = (alumode[0] ? ~z : z) + others;
  // ALUMODE 0: Z + others. 1: ~Z + others = -Z + others - 1. 2: ~(Z + others). 3: ~(~Z + others) = Z - others.
  wire [47:0] p_in = undefined ? {48{1'bx}} : alumode[1] ? ~sum : sum;
  always @(posedge CLK)
    if (RSTP) p_q <= 0; else if (CEP) p_q <= p_in;
  assign P = PREG == 1 ? p_q : p_in;
  assign PCOUT = P;

  generate
    if (AREG < 0 || AREG > 2 || BREG < 0 || BREG > 2)
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: AREG, BREG")) setting (); end
    else if ((ADREG | ALUMODEREG | CARRYINREG | CARRYINSELREG | CREG | DREG | INMODEREG | MREG | OPMODEREG | PREG)
             >> 1 != 0)
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: registers")) setting (); end
    else if ((AMULTSEL != "A" && AMULTSEL != "AD") || (BMULTSEL != "B" && BMULTSEL != "AD")
             || (PREADDINSEL != "A" && PREADDINSEL != "B"))
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: AMULTSEL, BMULTSEL, PREADDINSEL")) setting (); end
    else if (A_INPUT != "DIRECT" || B_INPUT != "DIRECT")
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: A_INPUT, B_INPUT")) setting (); end
    else if (USE_MULT != "MULTIPLY" && USE_MULT != "DYNAMIC" && USE_MULT != "NONE")
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: USE_MULT")) setting (); end
    else if (AUTORESET_PATDET != "NO_RESET" || USE_PATTERN_DETECT != "NO_PATDET" || USE_SIMD != "ONE48"
             || USE_WIDEXOR != "FALSE")
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: patterns, SIMD, wide exclusive-or")) setting (); end
    else if (IS_CLK_INVERTED || IS_RSTALLCARRYIN_INVERTED || IS_RSTALUMODE_INVERTED || IS_RSTA_INVERTED
             || IS_RSTB_INVERTED || IS_RSTCTRL_INVERTED || IS_RSTC_INVERTED || IS_RSTD_INVERTED
             || IS_RSTINMODE_INVERTED || IS_RSTM_INVERTED || IS_RSTP_INVERTED)
      begin : refused quadcim_unsupported #(.WHAT("DSP48E2: inverted clock or resets")) setting (); end
  endgenerate
endmodule

// Stops the simulation, unless nothing instantiates it. Yosys, which would run the initial block as soon as it reads it, finds no such module.
`ifndef YOSYS
module quadcim_unsupported #(
  parameter WHAT = ""
) ();
  initial
    if (WHAT != "") begin
      $display("unsupported setting of %0s", WHAT);
      $finish;
    end
endmodule
`endif

`default_nettype wire
`endif
