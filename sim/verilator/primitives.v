// Stand-ins for the PLLs of top levels: the oscillator passes through, and the lock rises later.
module lock_later(input clock, output locked);
  reg [4:0] count = 0;
  assign locked = count[4];
  always @(posedge clock) if (!locked) count <= count + 1;
endmodule

// Lattice ECP5
module EHXPLLL #(
  parameter CLKI_DIV = 1, CLKFB_DIV = 1, FEEDBK_PATH = "", PLLRST_ENA = "", STDBY_ENABLE = "",
  parameter CLKOP_ENABLE = "", CLKOP_DIV = 1, CLKOP_CPHASE = 0, CLKOP_FPHASE = 0,
  parameter CLKOS_ENABLE = "", CLKOS_DIV = 1, CLKOS_CPHASE = 0, CLKOS_FPHASE = 0,
  parameter CLKOS2_ENABLE = "", CLKOS3_ENABLE = "", OUTDIVIDER_MUXA = "", OUTDIVIDER_MUXB = "",
  parameter DPHASE_SOURCE = "", INTFB_WAKE = ""
) (
  input CLKI, CLKFB, RST, STDBY, PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG,
  input PLLWAKESYNC, ENCLKOP, ENCLKOS,
  output CLKOP, CLKOS, LOCK
);
  assign CLKOP = CLKI;
  assign CLKOS = CLKI;
  lock_later lock(CLKI, LOCK);
endmodule

// Lattice iCE40: the oscillator comes from within the chip …
module SB_PLL40_CORE #(
  parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0
) (
  input REFERENCECLK, RESETB, BYPASS,
  output PLLOUTGLOBAL, PLLOUTCORE, LOCK
);
  assign PLLOUTGLOBAL = REFERENCECLK;
  assign PLLOUTCORE = REFERENCECLK;
  lock_later lock(REFERENCECLK, LOCK);
endmodule

// … or from the PLL's own pad.
module SB_PLL40_PAD #(
  parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0
) (
  input PACKAGEPIN, RESETB, BYPASS,
  output PLLOUTGLOBAL, PLLOUTCORE, LOCK
);
  assign PLLOUTGLOBAL = PACKAGEPIN;
  assign PLLOUTCORE = PACKAGEPIN;
  lock_later lock(PACKAGEPIN, LOCK);
endmodule

// Gowin
module rPLL #(
  parameter FCLKIN = "", DEVICE = "", CLKFB_SEL = "",
  parameter DYN_IDIV_SEL = "", IDIV_SEL = 0, DYN_FBDIV_SEL = "", FBDIV_SEL = 0,
  parameter DYN_ODIV_SEL = "", ODIV_SEL = 8
) (
  input CLKIN, CLKFB, RESET, RESET_P,
  input [5:0] FBDSEL, IDSEL, ODSEL,
  input [3:0] PSDA, DUTYDA, FDLY,
  output CLKOUT, LOCK
);
  assign CLKOUT = CLKIN;
  lock_later lock(CLKIN, LOCK);
endmodule
