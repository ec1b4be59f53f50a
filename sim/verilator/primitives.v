// Stand-ins for the PLLs of top levels: the clock comes from pins.cpp, and the lock rises later.
module made_clock(output clock, output locked);
  reg sangi_made_clock /*verilator public_flat_rw*/ = 0;
  reg [4:0] count = 0;
  assign clock = sangi_made_clock;
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
  assign CLKOP = CLKOS;
  made_clock made(CLKOS, LOCK);
endmodule

// Lattice iCE40: the oscillator comes from within the chip …
module SB_PLL40_CORE #(
  parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0
) (
  input REFERENCECLK, RESETB, BYPASS,
  output PLLOUTGLOBAL, PLLOUTCORE, LOCK
);
  assign PLLOUTCORE = PLLOUTGLOBAL;
  made_clock made(PLLOUTGLOBAL, LOCK);
endmodule

// … or from the PLL's own pad.
module SB_PLL40_PAD #(
  parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0
) (
  input PACKAGEPIN, RESETB, BYPASS,
  output PLLOUTGLOBAL, PLLOUTCORE, LOCK
);
  assign PLLOUTCORE = PLLOUTGLOBAL;
  made_clock made(PLLOUTGLOBAL, LOCK);
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
  made_clock made(CLKOUT, LOCK);
endmodule

// Xilinx 7 series
module MMCME2_BASE #(
  parameter BANDWIDTH = "", CLKIN1_PERIOD = 0.0, DIVCLK_DIVIDE = 1,
  parameter CLKFBOUT_MULT_F = 5.0, CLKOUT0_DIVIDE_F = 1.0, STARTUP_WAIT = ""
) (
  input CLKIN1, CLKFBIN, PWRDWN, RST,
  output CLKFBOUT, CLKOUT0, LOCKED
);
  assign CLKFBOUT = CLKOUT0;
  made_clock made(CLKOUT0, LOCKED);
endmodule

module BUFG(input I, output O);
  assign O = I;
endmodule

// Intel Cyclone V
module altera_pll #(
  parameter fractional_vco_multiplier = "", reference_clock_frequency = "", operation_mode = "",
  parameter number_of_clocks = 1, output_clock_frequency0 = "", phase_shift0 = "",
  parameter duty_cycle0 = 50, pll_type = "", pll_subtype = ""
) (
  input refclk, rst, fbclk,
  output outclk, locked
);
  made_clock made(outclk, locked);
endmodule

// Intel MAX 10
module altpll #(
  parameter bandwidth_type = "", intended_device_family = "", lpm_type = "", operation_mode = "",
  parameter compensate_clock = "", pll_type = "", inclk0_input_frequency = 0,
  parameter clk0_multiply_by = 1, clk0_divide_by = 1, clk0_duty_cycle = 50, clk0_phase_shift = "",
  parameter port_inclk0 = "", port_clk0 = "", port_locked = "", port_areset = "", width_clock = 5
) (
  input [1:0] inclk,
  input areset,
  output [4:0] clk,
  output locked
);
  assign clk[4:1] = 0;
  made_clock made(clk[0], locked);
endmodule

// Intel Arria 10: the system that Platform Designer makes of project/iopll.tcl
module iopll(input refclk_clk, reset_reset, output outclk0_clk, locked_export);
  made_clock made(outclk0_clk, locked_export);
endmodule
