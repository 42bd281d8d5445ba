#include "recorder/old_budget.h"

void old_budget_init(struct old_budget *budget, int64_t now_ns)
{
    budget->tokens = OLD_BUDGET_BURST;
    budget->refilled_ns = now_ns;
}

int64_t old_budget_take(struct old_budget *budget, int64_t now_ns)
{
    int64_t due = (now_ns - budget->refilled_ns) / OLD_BUDGET_REFILL_NS;
    if (due > 0) {
        budget->refilled_ns += due * OLD_BUDGET_REFILL_NS;
        budget->tokens =
            due < OLD_BUDGET_BURST - budget->tokens ? budget->tokens + due : OLD_BUDGET_BURST;
    }
    if (budget->tokens == 0)
        return budget->refilled_ns + OLD_BUDGET_REFILL_NS - now_ns;
    budget->tokens--;
    return 0;
}
