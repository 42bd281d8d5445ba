#include "recorder/connect_budget.h"

void connect_budget_init(struct connect_budget *budget, int64_t now_ns)
{
    budget->tokens = CONNECT_BUDGET_BURST;
    budget->refilled_ns = now_ns;
}

int64_t connect_budget_take(struct connect_budget *budget, int64_t now_ns)
{
    int64_t due = (now_ns - budget->refilled_ns) / CONNECT_BUDGET_REFILL_NS;
    if (due > 0) {
        budget->refilled_ns += due * CONNECT_BUDGET_REFILL_NS;
        budget->tokens = due < CONNECT_BUDGET_BURST - budget->tokens ? budget->tokens + due
                                                                     : CONNECT_BUDGET_BURST;
    }
    if (budget->tokens == 0)
        return budget->refilled_ns + CONNECT_BUDGET_REFILL_NS - now_ns;
    budget->tokens--;
    return 0;
}
