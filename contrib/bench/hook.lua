-- The workload `lua` of run.py, for usher and HAProxy: who the client is, in a header.
core.register_action("client", { "http-req" }, function(txn)
    txn.http:req_set_header("X-Client", txn.f:src())
end)
