Feature: SHOW with YIELD and WHERE

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE INDEX by_name FOR (p:Person) ON (p.name)
      """
    And having executed:
      """
      CREATE CONSTRAINT one_id FOR (p:Person) REQUIRE p.id IS UNIQUE
      """

  @source:cypher/clauses/show
  Scenario: [1] WHERE alone keeps all columns
    When executing query:
      """
      SHOW INDEXES WHERE type = 'RANGE'
      """
    Then the result should be, in any order:
      | name      | type       | label    | property |
      | 'by_name' | 'RANGE' |    'Person' | 'name'   |
    And no side effects

  @source:cypher/clauses/show
  Scenario: [2] YIELD chooses, names and orders
    When executing query:
      """
      SHOW INDEXES YIELD property AS p, name ORDER BY p DESC LIMIT 1
      """
    Then the result should be, in any order:
      | p      | name      |
      | 'name' | 'by_name' |
    And no side effects

  @source:cypher/clauses/show
  Scenario: [3] YIELD with WHERE and RETURN
    When executing query:
      """
      SHOW FUNCTIONS YIELD name, aggregating WHERE name STARTS WITH 'stDev' RETURN collect(name) AS names, count(*) AS n
      """
    Then the result should be (ignoring element order for lists):
      | names               | n |
      | ['stDev', 'stDevP'] | 2 |
    And no side effects

  @source:cypher/clauses/show
  Scenario: [4] YIELD * and a parameter
    And parameters are:
      | n | 'one_id' |
    When executing query:
      """
      SHOW CONSTRAINTS YIELD * WHERE name = $n RETURN name, label
      """
    Then the result should be, in any order:
      | name     | label    |
      | 'one_id' | 'Person' |
    And no side effects

  @source:cypher/clauses/show
  Scenario: [5] Every function of points is listed
    When executing query:
      """
      SHOW FUNCTIONS YIELD name WHERE name STARTS WITH 'point' RETURN name ORDER BY name
      """
    Then the result should be, in order:
      | name               |
      | 'point'            |
      | 'point.distance'   |
      | 'point.withinBBox' |
    And no side effects

  @source:cypher/clauses/show
  Scenario: [6] No rows
    When executing query:
      """
      SHOW PROCEDURES YIELD name WHERE name = 'none' RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 0 |
    And no side effects

  @source:cypher/clauses/show
  Scenario Outline: [7] What there is not
    When executing query:
      """
      SHOW INDEXES <rest>
      """
    Then a SyntaxError should be raised at compile time: <detail>

    Examples:
      | rest                          | detail            |
      | YIELD nme                     | UndefinedVariable |
      | WHERE nme = 1                 | UndefinedVariable |
      | YIELD name WHERE label = 'a'  | UndefinedVariable |
      | RETURN name                   | UnexpectedSyntax  |
