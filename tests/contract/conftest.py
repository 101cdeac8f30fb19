"""Shows what failed inside the contract's own modules."""

import pytest

pytest.register_assert_rewrite("contract.op_log_contract", "contract.storage_contract")
pytest.register_assert_rewrite("whiteboard.testing.metadata_contract", "whiteboard.testing.archive_contract")
