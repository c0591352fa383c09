// send-live INTERFACE LENGTH RATE TOTAL: injects frames into the receive path of INTERFACE as a network
// card's driver would, with BPF_PROG_TEST_RUN and live frames; up to some 3 million a second.
// Run inside the interface's network namespace. TOTAL 0 only tries whether this kernel allows it.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"
#include "pace.h"

static uint8_t frame[LARGEST_FRAME];
static struct xdp_md context;
static int program;

static int bpf(enum bpf_cmd command, union bpf_attr* attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int make_counter(void) {
  union bpf_attr attributes = {
      .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
  return bpf(BPF_MAP_CREATE, &attributes);
}

#define OP(CODE, DST, SRC, OFF, IMM) \
  { .code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF), .imm = (IMM) }
#define SWAP16(X) ((uint16_t)((X) << 8 | (X) >> 8))

// Writes sequence number, port and time into each frame, then lets it pass (XDP_PASS).
static int load_program(int counter) {
  struct bpf_insn code[] = {
      OP(BPF_LDX | BPF_MEM | BPF_W, 6, 1, 0, 0),                           // r6 = data
      OP(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 4, 0),                           // r2 = data_end
      OP(BPF_ALU64 | BPF_MOV | BPF_X, 3, 6, 0, 0),                         //
      OP(BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, SMALLEST_FRAME),            //
      OP(BPF_JMP | BPF_JGT | BPF_X, 3, 2, 12, 0),                          // too short: pass it as it is
      OP(BPF_LD | BPF_IMM | BPF_DW, 7, BPF_PSEUDO_MAP_VALUE, 0, counter),  // r7 = &counter
      OP(0, 0, 0, 0, 0),                                                   //
      OP(BPF_ALU64 | BPF_MOV | BPF_K, 8, 0, 0, 1),                         //
      OP(BPF_STX | BPF_ATOMIC | BPF_DW, 7, 8, 0, BPF_ADD | BPF_FETCH),     // r8 = counter++
      OP(BPF_STX | BPF_MEM | BPF_DW, 6, 8, SEQUENCE_OFFSET, 0),            //
      OP(BPF_ALU64 | BPF_MOD | BPF_K, 8, 0, 0, RARE_EVERY),                //
      OP(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, SWAP16(RARE_PORT)),         //
      OP(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 1, 0),                           //
      OP(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, SWAP16(COMMON_PORT)),       //
      OP(BPF_STX | BPF_MEM | BPF_H, 6, 2, PORT_OFFSET, 0),                 //
      OP(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns),              //
      OP(BPF_STX | BPF_MEM | BPF_DW, 6, 0, SENT_AT_OFFSET, 0),             //
      OP(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS),                  //
      OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  union bpf_attr attributes = {.prog_type = BPF_PROG_TYPE_XDP,
                               .insns = (uintptr_t)code,
                               .insn_cnt = sizeof code / sizeof *code,
                               .license = (uintptr_t) "GPL",
                               .expected_attach_type = BPF_XDP};
  return bpf(BPF_PROG_LOAD, &attributes);
}

// A veth has receive queues that live frames can come in by only while an XDP program is attached.
// The link goes away with this process.
static int attach(unsigned interface) {
  union bpf_attr attributes = {
      .link_create = {.prog_fd = (uint32_t)program, .target_ifindex = interface, .attach_type = BPF_XDP}};
  return bpf(BPF_LINK_CREATE, &attributes);
}

static int send_burst(uint32_t frames) {
  union bpf_attr attributes = {.test = {.prog_fd = (uint32_t)program,
                                        .data_size_in = context.data_end,
                                        .data_in = (uintptr_t)frame,
                                        .repeat = frames,
                                        .ctx_size_in = sizeof context,
                                        .ctx_in = (uintptr_t)&context,
                                        .flags = BPF_F_TEST_XDP_LIVE_FRAMES}};
  int result;
  do result = bpf(BPF_PROG_TEST_RUN, &attributes);
  while (result < 0 && errno == EAGAIN);
  return result;
}

int main(int count, char** arguments) {
  if (count != 5) return 2;
  unsigned interface = if_nametoindex(arguments[1]);
  uint16_t length = (uint16_t)atoi(arguments[2]);
  if (interface == 0 || length < SMALLEST_FRAME || length > LARGEST_FRAME) return 2;
  make_frame(frame, length);
  context.data_end = length;
  context.ingress_ifindex = interface;
  int counter = make_counter();
  if (counter < 0) return perror("send-live: map"), 1;
  program = load_program(counter);
  if (program < 0) return perror("send-live: program"), 1;
  if (attach(interface) < 0) return perror("send-live: attach"), 1;
  uint64_t total = strtoull(arguments[4], NULL, 10);
  if (total == 0) return send_burst(1) < 0 ? (perror("send-live: run"), 1) : 0;
  if (send_paced(total, atof(arguments[3]), send_burst) < 0) return perror("send-live: run"), 1;
  return 0;
}
