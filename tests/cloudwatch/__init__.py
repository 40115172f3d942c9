"""CloudWatch as far as the template's alarms use it: metrics by the minute, metric math and the states of alarms.

moto stores alarms and does not evaluate them.
"""
