"""What IAM says an identity may do (SimulatePrincipalPolicy), which moto does not tell.

state["denied"] is a list of actions that it may not, state["may_not_simulate"] whether it may not
even ask; who is asked about must be a user or a role, as AWS wants it."""
import re

SPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def refused(status, code, message):
    return status, (f"<ErrorResponse xmlns=\"{SPACE}\"><Error><Type>Sender</Type>"
                    f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"), {
                        "Content-Type": "text/xml"}


def simulate(request, state):
    form = request.form
    if state.get("may_not_simulate"):
        return refused(403, "AccessDenied", "User is not authorized to perform: "
                       "iam:SimulatePrincipalPolicy")
    if not re.fullmatch(r"arn:aws:(iam|sts)::\d{12}:(user|role|group)/.+", form["PolicySourceArn"]):
        return refused(400, "InvalidInput", "Invalid Entity Arn: " + form["PolicySourceArn"])
    rows = ""
    for field, action in form.items():
        if field.startswith("ActionNames."):
            decision = "implicitDeny" if action in state.get("denied", []) else "allowed"
            rows += (f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}"
                     f"</EvalDecision><EvalResourceName>{form['ResourceArns.member.1']}"
                     "</EvalResourceName></member>")
    name = "SimulatePrincipalPolicy"
    return 200, (f"<{name}Response xmlns=\"{SPACE}\"><{name}Result>"
                 f"<IsTruncated>false</IsTruncated><EvaluationResults>{rows}</EvaluationResults>"
                 f"</{name}Result></{name}Response>"), {"Content-Type": "text/xml"}
