// Carry chains of ECP5 as nextpnr takes them without cells of its own: it puts one in front of every
// constant carry in, fed by one wire for the whole chip, and one behind a carry out nobody reads.

(* techmap_celltype = "CCU2C" *)
module chain_first (
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT
);
  parameter [15:0] INIT0 = 0;
  parameter [15:0] INIT1 = 0;
  parameter INJECT1_0 = "YES";
  parameter INJECT1_1 = "YES";
  parameter [0:0] _TECHMAP_CONSTMSK_CIN_ = 0;
  parameter [0:0] _TECHMAP_CONSTVAL_CIN_ = 0;
  parameter [0:0] _TECHMAP_CONSTMSK_C0_ = 0;
  parameter [0:0] _TECHMAP_CONSTVAL_C0_ = 0;
  parameter [0:0] _TECHMAP_CONSTMSK_D0_ = 0;
  parameter [0:0] _TECHMAP_CONSTVAL_D0_ = 0;
  // Only what Yosys makes of adders: A0 + (B0 ^ C0), in the configuration of its arith_map.
  wire _TECHMAP_FAIL_ = INIT0 != 16'h96aa || INJECT1_0 != "NO" || !_TECHMAP_CONSTMSK_CIN_
    || !_TECHMAP_CONSTMSK_C0_ || !_TECHMAP_CONSTMSK_D0_ || !_TECHMAP_CONSTVAL_D0_;
  // The carry out of bit 0 needs no carry in now; its sum is computed beside.
  localparam [15:0] SUM = _TECHMAP_CONSTVAL_CIN_ ^ _TECHMAP_CONSTVAL_C0_ ? 16'h9999 : 16'h6666;
  localparam [15:0] CARRY = _TECHMAP_CONSTVAL_C0_
    ? (_TECHMAP_CONSTVAL_CIN_ ? 16'h000b : 16'h0002)
    : (_TECHMAP_CONSTVAL_CIN_ ? 16'h000e : 16'h0008);
  LUT4 #(.INIT(SUM)) sum (.A(A0), .B(B0), .C(1'b0), .D(1'b0), .Z(S0));
  CCU2C #(.INIT0(CARRY), .INIT1(INIT1), .INJECT1_0("NO"), .INJECT1_1(INJECT1_1)) chain (
    .CIN(1'bx), .A0(A0), .B0(B0), .C0(1'b1), .D0(1'b1), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
    .S1(S1), .COUT(COUT)
  );
endmodule

module CCU2C_LAST (
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT
);
  parameter [15:0] INIT0 = 0;
  parameter [15:0] INIT1 = 0;
  parameter INJECT1_0 = "YES";
  parameter INJECT1_1 = "YES";
  CCU2C #(.INIT0(INIT0), .INIT1(INIT1), .INJECT1_0(INJECT1_0), .INJECT1_1(INJECT1_1)) chain (
    .CIN(CIN), .A0(A0), .B0(B0), .C0(C0), .D0(D0), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
    .S0(S0), .S1(S1), .COUT(1'bx)
  );
endmodule
