"""The OpenAPI document, made from the route table, the types of bodies and answers, and the sample invocations.

The functions never import this. The build of the asset, the start of the laptop and the tests each write the document
to a file, which is not committed. The function `public` serves that file.
"""
