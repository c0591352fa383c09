#include "engine/loss_poll.h"

namespace pcapper {

void LossPoll::Ask() {
  if (const auto state = request_.Ask(); state && state->exists) lost_ = state->lost;
}

}  // namespace pcapper
